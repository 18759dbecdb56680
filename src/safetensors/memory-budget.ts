import { InputError } from './input-error.js'

/** Bytes that opening and rebuilding one file may ask for, unless said otherwise: 4 GB. */
export const MEMORY_LIMIT = 4e9

/** The memory that one file may make its reader ask for. */
export interface MemoryBudget {
  /** Bytes; `Infinity` where there is no limit. */
  readonly limit: number
  /**
   * Asks for memory before it is allocated.
   * @param bytes all that the work holds at one time
   * @param purpose what the work is: `open`, `make its weights`
   * @throws MemoryLimitError when it is more than the limit
   */
  expect(bytes: number, purpose: string): void
}

/** A file asks for more memory than it may. */
export class MemoryLimitError extends InputError {
  /** What it needs. */
  readonly bytes: number
  readonly limit: number

  constructor(name: string, bytes: number, limit: number, purpose: string) {
    super(
      `${name}: needs ${sizeText(bytes, Math.ceil)} of memory to ${purpose}, the limit is ${sizeText(limit, Math.floor)}`,
    )
    this.bytes = bytes
    this.limit = limit
  }
}

/**
 * The budget of a file.
 * @param name of the file, for messages
 * @param limit bytes, a number > 0; `Infinity` for none
 * @throws TypeError or RangeError for another limit
 */
export function createMemoryBudget(name: string, limit: number = MEMORY_LIMIT): MemoryBudget {
  if (typeof limit !== 'number') throw new TypeError(`"memoryLimit" expected a number of bytes, got ${typeof limit}`)
  if (!(limit > 0)) throw new RangeError(`"memoryLimit" expected a number of bytes > 0, got ${limit}`)
  return {
    limit,
    expect(bytes, purpose) {
      // A sum that is no number is refused too.
      if (!(bytes <= limit)) throw new MemoryLimitError(name, bytes, limit, purpose)
    },
  }
}

/** Bytes in GB, MB or kB with two decimals. What is needed is rounded up and what is allowed down, so that they differ. */
function sizeText(bytes: number, round: (value: number) => number): string {
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3]
  return `${(round((100 * bytes) / size) / 100).toFixed(2)} ${unit}`
}
