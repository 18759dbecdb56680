/**
 * A mistake in what the user gave (a file, a folder, a value in one), told in one line that names what was wrong.
 * The command line prints the message alone, without a stack, and exits with code 1.
 * `cause` is the system's error where there was one.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/**
 * Whether an error says that there was no memory for an array or for WebAssembly. Engines throw a RangeError for it, as a check of a file
 * does; by its words (V8's; SpiderMonkey's and JavaScriptCore's are like them) it is told from one.
 */
export const isMemoryShortage = (error: unknown): boolean =>
  error instanceof RangeError && /allocation|out of memory|memory\.grow/i.test(error.message)

/** Whether an error says that a file is not there, and nothing else. */
export const isMissingFile = (error: unknown): boolean =>
  error instanceof InputError && (error.cause as { code?: unknown } | undefined)?.code === 'ENOENT'
