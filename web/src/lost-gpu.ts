/** What is said of a GPU that is lost, or full. */
export const GPU_LOST = 'The GPU stopped computing: it was lost, or its memory is full.'

/** Milliseconds within which a browser tells that a GPU is lost, after what ran on it has failed. */
const TOLD_WITHIN = 10_000

/**
 * The end of what runs on a GPU, or of the GPU. Work on a lost GPU may never end, or fail of anything, sometimes before the
 * loss is told.
 * @param lost rejects when the GPU is lost, with the sentence that says so
 * @param toldWithin how long to wait for it after the work has failed, in milliseconds
 */
export async function unlessLost<T>(work: Promise<T>, lost: Promise<never>, toldWithin = TOLD_WITHIN): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await Promise.race([work, lost])
  } catch (error) {
    const waited = new Promise((resolve) => {
      timer = setTimeout(resolve, toldWithin)
    })
    await Promise.race([lost, waited])
    throw error
  } finally {
    clearTimeout(timer)
  }
}
