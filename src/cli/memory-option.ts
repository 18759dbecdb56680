import { Option } from 'commander'
import { MEMORY_LIMIT } from '../safetensors/memory-budget.js'
import { integer } from './values.js'

/** Bytes of a megabyte, in which the option counts. */
const MEGABYTE = 1e6

const readMegabytes = integer('memory-limit', 1, 1e9)

/** What the option gives. */
export interface MemoryFlags {
  /** Bytes. */
  memoryLimit?: number
}

/** The option `--memory-limit <MB>` of commands that open tickets. */
export function memoryOption(): Option {
  const usual = MEMORY_LIMIT / MEGABYTE
  return new Option(
    '--memory-limit <MB>',
    `most memory that a ticket may ask for, in MB; a larger one is refused (default: ${usual})`,
  ).argParser((text) => MEGABYTE * readMegabytes(text))
}
