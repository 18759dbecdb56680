/** Reads and writes of an open file that end when all is done: one system call may do less. */
import type { FileHandle } from 'node:fs/promises'

/** Fills `bytes` from `offset`; returns how many bytes there were. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<number> {
  let done = 0
  while (done < bytes.length) {
    const step = Math.min(bytes.length - done, 1 << 30) // one system call takes less than 2 GiB
    const { bytesRead } = await handle.read(bytes, done, step, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/** Writes all of `bytes` at `offset`. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const step = Math.min(bytes.length - done, 1 << 30)
    done += (await handle.write(bytes, done, step, offset + done)).bytesWritten
  }
}
