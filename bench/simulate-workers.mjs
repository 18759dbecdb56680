// How long a pruning by a queue would take with more workers than there are machines to try it on: the measured jobs, one by one, through the
// one process that hands them out, the line of its machine, and so many workers.

/**
 * Simulates one pruning. Matrices are handed out in their order; at most `atOnce` are on their way. Each passes, first come first served, through the
 * handing-out process, its line out, a worker, its line in, and the process again.
 * @param jobs { seconds (of a worker), bytesOut, bytesIn, handOut, takeIn (seconds of the handing-out process) }
 * @param bytesPerSecond of the line of the handing-out machine, in each direction
 * @returns seconds until the last result has been taken in, and the part of them that each station was busy
 */
export function simulateWorkers(jobs, { workers, atOnce, bytesPerSecond, latency }) {
  const events = []
  let now = 0
  const at = (time, action) => {
    let place = events.length
    while (place > 0 && events[place - 1].time < time) place-- // the latest first
    events.splice(place, 0, { time, action })
  }
  const station = (servers) => {
    const waiting = []
    let free = servers
    let busy = 0
    const begin = () => {
      if (free === 0 || waiting.length === 0) return
      const { seconds, done } = waiting.shift()
      free--
      busy += seconds
      at(now + seconds, () => {
        free++
        done()
        begin()
      })
    }
    return {
      ask(seconds, done) {
        waiting.push({ seconds, done })
        begin()
      },
      busy: () => busy / servers / now,
    }
  }
  const handing = station(1)
  const out = station(1)
  const into = station(1)
  const pool = station(workers)
  let next = 0
  let under = 0
  const handOut = () => {
    while (next < jobs.length && under < atOnce) {
      const job = jobs[next++]
      under++
      handing.ask(job.handOut, () =>
        out.ask(job.bytesOut / bytesPerSecond, () =>
          pool.ask(job.seconds + 2 * latency, () =>
            into.ask(job.bytesIn / bytesPerSecond, () =>
              handing.ask(job.takeIn, () => {
                under--
                handOut()
              }),
            ),
          ),
        ),
      )
    }
  }
  handOut()
  while (events.length > 0) {
    const { time, action } = events.pop()
    now = time
    action()
  }
  return { seconds: now, busy: { handing: handing.busy(), out: out.busy(), into: into.busy(), workers: pool.busy() } }
}
