/** Replaces secrets in a message by `***`. A vendor's validator or SDK may repeat what it was given. */
export function hideSecrets(message: string, secrets: readonly string[]): string {
  // What is so short would be found inside ordinary words; nothing is protected by it anyway.
  const worthHiding = secrets.filter((secret) => secret.length >= 4);
  // Longest first: one secret may begin with another.
  worthHiding.sort((a, b) => b.length - a.length);
  let text = message;
  for (const secret of worthHiding) text = text.replaceAll(secret, '***');
  return text;
}
