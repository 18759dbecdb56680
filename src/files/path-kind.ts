import { stat } from 'node:fs/promises'

/** Whether a path is of a file that is there, links followed. */
export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
