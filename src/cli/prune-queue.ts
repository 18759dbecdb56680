/**
 * The workers of a queue, to prune the matrices of a model. Close them when done.
 * @param beforeNote called before a line is written to stderr
 * @throws as `openRedis`, `openStore` and `checkStore` do
 */
export async function openPruneWorkers(
  { queue, store }: { readonly queue?: string; readonly store?: string },
  signal: AbortSignal,
  beforeNote: () => void,
) {
  const [{ openRedis }, { checkStore, openStore }, { openPruneQueue }] = await Promise.all([
    import('../queue/redis.js'),
    import('../queue/open-store.js'),
    import('../queue/prune-on-queue.js'),
  ])
  const redis = await openRedis(queue!)
  const note = (line: string) => {
    beforeNote()
    process.stderr.write(`${line}\n`)
  }
  const opened = await openStore(store!).then(checkStore)
  note(`matrices are handed out by ${redis.shown}; their masks are in ${opened.address}`)
  return openPruneQueue({
    redis,
    store: opened,
    signal,
    onNote: (job, line) => note(`${job.label}: ${line}`),
    onWarning: (line) => note(`warning: ${line}`),
  })
}
