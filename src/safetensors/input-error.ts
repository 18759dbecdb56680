/**
 * A mistake in what the user gave (a file, a folder, a value in one), told in one line that names what was wrong.
 * The command line prints the message alone, without a stack, and exits with code 1.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}
