/** For people, and on stderr: stdout belongs to the command. */
export const say = (line) => process.stderr.write(`tttv2: ${line}\n`);
