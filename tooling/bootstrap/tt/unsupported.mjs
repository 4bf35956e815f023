/** This machine cannot have ttnn, which is no failure of the project. The message says what was found and what to do. */
export class Unsupported extends Error {}
