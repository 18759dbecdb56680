/** How long the jobs of a sweep still take: by the parts of jobs that are done, so that the time left falls between two ends too. */
import type { JobProgress } from './run-state.js'

export interface Pace {
  /** A job is run. */
  begin(id: string): void
  /** It has come so far. What was done before the first news is taken for an earlier try's. */
  at(id: string, progress: Pick<JobProgress, 'done' | 'total'>): void
  /** All of it is done. */
  end(id: string): void
  /** It has failed, wherever it was. */
  fail(id: string): void
  /** Its result was there before: nothing is learnt from it. */
  skip(id: string): void
  /** Seconds until the last job has ended, >= 0; undefined as long as there is nothing to judge it by, or where that time has passed. */
  secondsLeft(): number | undefined
}

interface Job {
  /** Milliseconds. */
  readonly began: number
  /** Parts of its work, 0 to 1: when it was heard of first, undefined until then; and the last. */
  readonly from: number | undefined
  readonly part: number
  readonly isOpen: boolean
}

/**
 * @param total jobs
 * @param now milliseconds
 */
export function createPace(total: number, now: () => number): Pace {
  const jobs = new Map<string, Job>()
  let started: number | undefined
  let heard = 0 // between two pieces of news the time left is counted down
  const hear = (id: string, next: (known: Job) => Partial<Job>) => {
    heard = now()
    started ??= heard
    const known = jobs.get(id) ?? { began: heard, from: undefined, part: 0, isOpen: true }
    jobs.set(id, { ...known, ...next(known) })
  }
  return {
    begin: (id) => hear(id, () => ({ isOpen: true })),
    at(id, { done, total: steps }) {
      if (!(steps > 0)) return
      const part = Math.min(Math.max(done / steps, 0), 1)
      hear(id, (known) => {
        if (known.from === undefined) return { from: Math.max(done - 1, 0) / steps, part }
        // A job that goes back, to its last checkpoint on another machine, begins anew.
        return part < known.part ? { began: heard, from: part, part } : { part }
      })
    },
    end: (id) => hear(id, ({ from = 0 }) => ({ from, part: 1, isOpen: false })),
    fail: (id) => hear(id, () => ({ isOpen: false })),
    skip(id) {
      jobs.set(id, { began: now(), from: 1, part: 1, isOpen: false })
    },
    secondsLeft() {
      let done = 0
      let left = total - jobs.size
      let longest = 0 // of the jobs that are running: the last one ends alone
      for (const { began, from = 0, part, isOpen } of jobs.values()) {
        done += part - from
        if (!isOpen) continue
        left += 1 - part
        if (part > from) longest = Math.max(longest, ((1 - part) * (heard - began)) / (part - from))
      }
      if (left === 0) return 0
      if (started === undefined || !(done > 0)) return undefined
      const seconds = (Math.max((left * (heard - started)) / done, longest) - (now() - heard)) / 1000
      return seconds >= 0 ? seconds : undefined
    },
  }
}
