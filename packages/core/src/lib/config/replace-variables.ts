// `$${` is a literal `${`; `${NAME}` a variable; any other `${` is a mistake that must not pass for text.
const PATTERN = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{([^}]*)\}?/g;

/**
 * Replaces `${NAME}` by the environment's value; `$${` gives `${`. What a variable holds is not looked at again.
 *
 * @param report Called for each variable that does not exist or is not the name of one; the text then stays as it is.
 */
export function replaceVariables(
  text: string,
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): string {
  return text.replaceAll(PATTERN, (found: string, name: string | undefined, other: string | undefined) => {
    if (found === '$${') return '${';
    if (name === undefined) {
      report(
        `"${found}": "${other ?? ''}" is not the name of an environment variable (write "$\${" for a literal "\${")`,
      );
      return found;
    }
    const value = env[name];
    if (value === undefined) report(`the environment variable ${name} is not set`);
    return value ?? found;
  });
}
