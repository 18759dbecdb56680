import { CodingError } from '../coding/index.js'
import { InputError, isMemoryShortage } from '../safetensors/input-error.js'

/**
 * Runs a check of what a file holds, and turns what it throws into an InputError of one line that names the file.
 * @param name the file's
 */
export function refusing<T>(name: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw refused(name, error)
  }
}

/** The same for reading a tensor, which a coding error does not name; what is a TypeError there is a mistake of ours. */
export async function refusingAsync<T>(name: string, tensor: string, check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    if (error instanceof TypeError) throw error
    throw refused(name, error instanceof CodingError ? new RangeError(`"${tensor}": ${error.message}`) : error)
  }
}

function refused(name: string, error: unknown): unknown {
  if (isMemoryShortage(error)) return error // no fault of the file
  if (error instanceof SyntaxError) return new InputError(`${name}: the ticket's metadata: ${error.message}`)
  if (error instanceof RangeError || error instanceof TypeError) {
    return new InputError(`${name}: ${printable(error.message)}`)
  }
  return error
}

/** Values of the file may be part of a message: control characters and length must not reach a terminal. */
function printable(message: string): string {
  const short = message.length > 300 ? `${message.slice(0, 297)}...` : message
  return short.replace(/[\p{Cc}\u2028\u2029]/gu, '?')
}
