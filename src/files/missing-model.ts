import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { InputError } from '../safetensors/input-error.js'
import { refuseSystem } from './system-error.js'

/** `owner/name` as the Hugging Face Hub has them; names of our files end otherwise. */
const hubName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/

/**
 * Whether a model's path is of a file or of a folder.
 * @throws InputError in one line where it is neither; for what may be a name on the Hugging Face Hub it says how to get the files
 */
export async function modelPathKind(path: string): Promise<'file' | 'folder'> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const [owner, name] = path.split('/')
    if (error.code !== 'ENOENT' || !hubName.test(path) || path.endsWith('.safetensors') || existsSync(owner)) {
      return refuseSystem(path, error)
    }
    const advice = `slt reads folders on this machine; download a model of the Hugging Face Hub first: huggingface-cli download ${path} --local-dir ${name}`
    throw new InputError(`${path}: no such file or folder; ${advice}`, { cause: error })
  })
  return found.isDirectory() ? 'folder' : 'file'
}
