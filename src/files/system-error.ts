import { InputError } from '../safetensors/input-error.js'

/** What the codes of system errors about paths say. */
const reasons: Record<string, string> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'is a folder',
  EEXIST: 'is there already, and is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EBUSY: 'another program has it in use',
  ESTALE: 'the network file system has lost it',
  EFBIG: 'the file would be larger than the system allows',
  EIO: 'the device failed to read or write',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ELOOP: 'too many symbolic links, or one that leads back to itself',
  ENAMETOOLONG: 'the name is too long',
}

/** What a system error says in our words; undefined for an error of another kind. */
export function systemReason(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (syscall === 'uv_cwd') return 'the working directory is there no longer'
  return typeof code === 'string' && Object.hasOwn(reasons, code) ? reasons[code] : undefined
}

/** Turns a system error about a path into one clear line; other errors pass unchanged. */
export function refuseSystem(path: string, error: unknown): never {
  const reason = systemReason(error)
  if (reason === undefined) throw error
  const isOfPath = (error as NodeJS.ErrnoException).syscall !== 'uv_cwd'
  throw new InputError(isOfPath ? `${path === '' ? 'an empty name' : path}: ${reason}` : reason, { cause: error })
}
