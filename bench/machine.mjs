import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

/** Units that speed up products of matrices, by their names in /proc/cpuinfo (asimddp and i8mm are NEON's). */
const UNITS = [
  'avx2',
  'avx512f',
  'avx512_vnni',
  'avx_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimddp',
  'i8mm',
  'bf16',
]
/** The names of sysctl on macOS: with Apple's processors, then with Intel's. */
const SYSCTL = {
  'hw.optional.arm.FEAT_DotProd': 'asimddp',
  'hw.optional.arm.FEAT_I8MM': 'i8mm',
  'hw.optional.arm.FEAT_BF16': 'bf16',
  'hw.optional.avx2_0': 'avx2',
  'hw.optional.avx512f': 'avx512f',
  'hw.optional.avx512vnni': 'avx512_vnni',
}

/** What a figure was measured on. */
export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown processor',
    units: unitsOf(os.platform()),
    cores: os.availableParallelism(),
    memory: `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`,
    platform: `${os.platform()} ${os.arch()}`,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  }
}

/** @returns names of `UNITS` with spaces between them; `none` of them, or `unknown` where the system does not say */
function unitsOf(platform) {
  const found = { linux: linuxUnits, darwin: macUnits }[platform]?.()
  if (!found) return 'unknown'
  return UNITS.filter((unit) => found.has(unit)).join(' ') || 'none'
}

function linuxUnits() {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))
  return flags && new Set(flags[1].trim().split(/\s+/))
}

function macUnits() {
  const { stdout } = spawnSync('sysctl', ['hw.optional'], { encoding: 'utf8' })
  if (!stdout) return undefined
  const set = stdout.split('\n').filter((line) => line.endsWith(': 1'))
  return new Set(set.map((line) => SYSCTL[line.split(':')[0]]))
}
