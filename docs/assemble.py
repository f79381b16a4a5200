#!/usr/bin/env python3
"""Puts a Quackup backup of format 1 or 2 together without Quackup: assemble.py BACKUP.json FOLDER [KEYFILE]

The archives that the manifest names must lie beside it; FOLDER must be empty or not there. Needs nothing but Python 3.8, the
zstd command for archives that end in .zst, and the age command and a file with the secret key for an encrypted backup: its
archives are decrypted into FOLDER while this runs. See format.md for every byte that is read here.
"""
import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib

CHUNKS_PER_PAGE = 4096
HOLE = 0xFFFFFFFF
# Frames that are decoded by one call of zstd: starting a program costs more than decoding a block.
FRAMES_AT_ONCE = 512


def age(key, arguments, **options):
    if key is None:
        sys.exit("the backup is encrypted: name the file with the secret key as the third argument")
    run = subprocess.run(["age", "-d", "-i", key, *arguments], **options)
    if run.returncode != 0:
        sys.exit("age could not decrypt it")
    return run.stdout


def unseal(manifest, key):
    """What the manifest of an encrypted backup says to who has the key."""
    secret = json.loads(age(key, [], input=base64.b64decode(manifest["sealed"]), stdout=subprocess.PIPE))
    if any(manifest.get(field) != value for field, value in secret["public"].items()):
        sys.exit("what the manifest says outside is not what was sealed in it")
    return {**manifest, **secret}


def decrypt(folder, archives, target, key):
    """Decrypts archives into a folder of their own, and names it. Their names lose .age."""
    plain = os.path.join(target, ".decrypted")
    os.mkdir(plain, 0o700)
    for archive in archives:
        age(key, ["-o", os.path.join(plain, archive[: -len(".age")]), os.path.join(folder, archive)])
    return plain


def decode(archive, data):
    """The content of frames that lie one after another."""
    if archive.endswith(".zst"):
        run = subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True)
        return run.stdout
    if archive.endswith(".gz"):
        content = []
        while data:
            member = zlib.decompressobj(wbits=31)
            content.append(member.decompress(data))
            data = member.unused_data
        return b"".join(content)
    return data


def read(folder, archive, offset, length):
    with open(os.path.join(folder, archive), "rb") as file:
        file.seek(offset)
        data = file.read(length)
    if len(data) != length:
        sys.exit(f"{archive} ends before byte {offset + length}")
    return data


def read_index(folder, manifest):
    """The index's head, and for each file its chunks as (hash, archive, offset, length), in order."""
    archive, place = manifest["archive"]["name"], manifest["index"]
    stored = read(folder, archive, place["offset"], place["length"])
    if hashlib.sha256(stored).hexdigest() != place["sha256"]:
        sys.exit(f"the index in {archive} is damaged")
    head = decode(archive, stored[: place["headLength"]])
    if head[:8] != b"QKINDEX1":
        sys.exit(f"{archive} has an index of another format")
    (size,) = struct.unpack_from("<I", head, 8)
    info = json.loads(head[12 : 12 + size])
    lengths = struct.unpack(f"<{(len(head) - 12 - size) // 4}I", head[12 + size :])
    at, page, tables = place["headLength"], 0, []
    for entry in info["files"]:
        chunks = []
        for first in range(0, entry["chunks"], CHUNKS_PER_PAGE):
            n = min(CHUNKS_PER_PAGE, entry["chunks"] - first)
            data = decode(archive, stored[at : at + lengths[page]])
            at, page = at + lengths[page], page + 1
            places = struct.unpack_from(f"<{n}I", data, n * 32)
            offsets = struct.unpack_from(f"<{n}Q", data, n * 36)
            sizes = struct.unpack_from(f"<{n}I", data, n * 44)
            for i in range(n):
                chunks.append((data[i * 32 : i * 32 + 32], places[i], offsets[i], sizes[i]))
        tables.append(chunks)
    return info, tables


def chunk_range(entry, number):
    """Where a chunk lies in its file, and its length."""
    head, size = entry["headBytes"], entry["chunkBytes"]
    if head > 0 and number == 0:
        return 0, head
    start = head + (number - (1 if head > 0 else 0)) * size
    return start, min(size, entry["sizeBytes"] - start)


def write_run(folder, archive, entry, name, run, out):
    """Chunks whose frames lie one after another in an archive."""
    offset = run[0][1][2]
    length = sum(chunk[3] for _, chunk in run)
    content = decode(archive, read(folder, archive, offset, length))
    at = 0
    for number, (digest, _, _, _) in run:
        start, size = chunk_range(entry, number)
        data = content[at : at + size]
        at += size
        if hashlib.sha256(data).digest() != digest:
            sys.exit(f"chunk {number} of {name} is not what was backed up")
        out.seek(start)
        out.write(data)


def write_file(folder, archives, entry, chunks, name, path):
    with open(path, "xb") as out:
        run = []
        for number, chunk in enumerate(chunks):
            _, place, offset, _ = chunk
            if place == HOLE:
                continue
            follows = run and run[-1][1][1] == place and run[-1][1][2] + run[-1][1][3] == offset
            if run and (not follows or len(run) >= FRAMES_AT_ONCE):
                write_run(folder, archives[run[0][1][1]], entry, name, run, out)
                run = []
            run.append((number, chunk))
        if run:
            write_run(folder, archives[run[0][1][1]], entry, name, run, out)
        out.truncate(entry["sizeBytes"])
    os.chmod(path, 0o600)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    path, target, key = [*sys.argv[1:], None][:3]
    folder = os.path.dirname(os.path.abspath(path))
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    if manifest["format"] not in (1, 2):
        sys.exit(f"{path} has format {manifest['format']}, this script reads 1 and 2")
    os.makedirs(target, exist_ok=True)
    if os.listdir(target):
        sys.exit(f"{target} is not empty")
    if manifest["format"] == 1:
        return assemble(folder, manifest, target, lambda name: name)
    manifest = unseal(manifest, key)
    names = [archive["name"] for archive in [manifest["archive"], *manifest["references"]]]
    if any(os.path.basename(name) != name or not name.endswith(".age") for name in names):
        sys.exit("the manifest names archives as Quackup does not")
    plain = decrypt(folder, names, target, key)
    try:
        assemble(plain, manifest, target, lambda name: name[: -len(".age")])
    finally:
        shutil.rmtree(plain)


def assemble(folder, manifest, target, stored):
    """`stored` is the name of an archive's file in `folder`."""
    manifest = {**manifest, "archive": {**manifest["archive"], "name": stored(manifest["archive"]["name"])}}
    info, tables = read_index(folder, manifest)
    archives = [stored(archive["name"]) for archive in info["archives"]]
    for entry, chunks in zip(info["files"], tables):
        name = entry["database"] + ("" if entry["role"] == "database" else "." + entry["role"])
        if os.path.basename(name) != name or any(os.path.basename(a) != a for a in archives):
            sys.exit(f"{name} is no name that Quackup gives")
        write_file(folder, archives, entry, chunks, name, os.path.join(target, name))
        print(f"{name}: {entry['sizeBytes']} bytes")


main()
