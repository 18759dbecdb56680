// The last steps of a build: the commands get their run bits, and the folder takes its place.
import { chmodSync, existsSync, renameSync } from 'node:fs'

/** Sets the run bits of the commands. npm sets them when it links a command, but links it once only: each build sets them anew. */
export function makeRunnable(files) {
  for (const file of files) chmodSync(file, 0o755)
}

/**
 * Puts `built` in the place of `folder`, and what was there at `replaced`. All three lie on one file system. Between the two
 * renames there is no folder, for some microseconds: no call of Node exchanges two folders.
 *
 * @throws what the file system says; the old folder is then in its place again
 */
export function replaceFolder(folder, built, replaced) {
  const hadOne = existsSync(folder)
  if (hadOne) renameSync(folder, replaced)
  try {
    renameSync(built, folder)
  } catch (error) {
    if (hadOne && !existsSync(folder)) renameSync(replaced, folder)
    throw error
  }
}
