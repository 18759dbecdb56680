import { InputError } from '../safetensors/index.js'

/**
 * Loads a package that only some users need.
 * @param name of the package
 * @param purpose what needs it, for the message
 * @throws InputError that says how to install it
 */
export async function loadPeer<T>(load: () => Promise<T>, name: string, purpose: string): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new InputError(`${purpose} needs ${name}: npm install ${name}`, { cause: error })
  }
}
