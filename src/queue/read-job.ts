/** Reads jobs that come from a queue or a file, which anybody may have written. */
import { type Job, type JobInput, type JobNeeds, jobKinds } from './job.js'
import type { StoredFile } from './objects.js'

/**
 * @returns the job, with a label that can be printed
 * @throws TypeError that names what is wrong
 */
export function readJob(value: unknown): Job {
  const { id, kind, label, request, inputs, needs } = expectObject('job', value)
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) throw wrong('id', '64 hexadecimal digits', id)
  if (!jobKinds.some((each) => each === kind)) throw wrong('kind', jobKinds.join(', '), kind)
  if (typeof label !== 'string') throw wrong('label', 'a text', label)
  expectObject('request', request)
  const read = Object.entries(expectObject('inputs', inputs)).map(([name, input]) => [name, readInput(name, input)])
  return {
    ...(value as Job),
    label: printable(label),
    inputs: Object.fromEntries(read),
    needs: readNeeds(needs),
  }
}

function readInput(name: string, value: unknown): JobInput {
  const input = expectObject(`inputs.${name}`, value)
  if (typeof input.name !== 'string' || input.name.includes('/') || !staysWithin(input.name))
    throw wrong(`inputs.${name}.name`, 'the name of a file or folder', input.name)
  if (typeof input.isFolder !== 'boolean') throw wrong(`inputs.${name}.isFolder`, 'true or false', input.isFolder)
  const files = readFiles(`inputs.${name}.files`, input.files)
  const paths = Object.keys(files)
  const bad = paths.find((path) => !staysWithin(path))
  if (bad !== undefined) throw wrong(`inputs.${name}.files`, 'paths without ".."', bad)
  if (!input.isFolder && (paths.length !== 1 || paths[0] !== input.name))
    throw wrong(`inputs.${name}.files`, `the file ${input.name} alone`, paths)
  return { ...(value as JobInput), files }
}

function readNeeds(value: unknown): JobNeeds {
  const { bytes, device } = expectObject('needs', value)
  if (!(typeof bytes === 'number' && bytes >= 0)) throw wrong('needs.bytes', 'a number >= 0', bytes)
  if (device !== 'cpu' && device !== 'webgpu' && device !== 'cuda')
    throw wrong('needs.device', 'cpu, webgpu, cuda', device)
  return { bytes, device }
}

/** Files by name, as jobs and results list them. @throws TypeError */
export function readFiles(name: string, value: unknown): Record<string, StoredFile> {
  const files: Record<string, StoredFile> = {}
  for (const [path, file] of Object.entries(expectObject(name, value))) {
    const { sha256, bytes } = expectObject(`${name}.${path}`, file)
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
      throw wrong(`${name}.${path}.sha256`, '64 hexadecimal digits', sha256)
    if (!(Number.isSafeInteger(bytes) && (bytes as number) >= 0))
      throw wrong(`${name}.${path}.bytes`, 'an integer >= 0', bytes)
    files[path] = { sha256, bytes: bytes as number }
  }
  return files
}

function expectObject(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object', value)
  return value as Record<string, unknown>
}

const wrong = (name: string, expectation: string, value: unknown): TypeError =>
  new TypeError(
    `"${printable(name)}" expected ${expectation}, got ${printable(JSON.stringify(value) ?? 'nothing').slice(0, 100)}`,
  )

/** Without what would move a terminal's cursor or break a line. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

/** Whether a path of slashes stays within its folder. */
export const staysWithin = (path: string): boolean =>
  !path.split('/').some((part) => ['', '.', '..'].includes(part)) && !/[\\\0]/.test(path)
