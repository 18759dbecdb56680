import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
let folder: string

/** A folder beside which the package is installed, as far as TypeScript can tell. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-consumer-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules/strong-lottery-tickets'), 'dir')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the compiler says of a program, declarations of packages included; empty when nothing is wrong. */
async function compile(source: string, ...options: string[]): Promise<string> {
  await writeFile(join(folder, 'program.ts'), source)
  const shared = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext']
  const args = [tsc, ...shared, ...options, 'program.ts']
  const said = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch((error) => error)
  return `${said.stdout}`
}

const library = `
import { InputError, openFile, openTicket, prune, search, solveSubsetSum } from 'strong-lottery-tickets'
import { createGraph, type GraphRunner } from 'strong-lottery-tickets/graph'
import { generateWeights, type Seed } from 'strong-lottery-tickets/random'
import { memorySource, openSafetensors, type SafetensorsFile } from 'strong-lottery-tickets/safetensors'
import { createWasmSolver, instantiateKernels, type SubsetSumSolver } from 'strong-lottery-tickets/subset-sum'
import { openTicket as openChecked, type Ticket, webSha256 } from 'strong-lottery-tickets/ticket'
export const error: number = solveSubsetSum([1, 2], 1).error
export const opened = (bytes: Uint8Array): Promise<Ticket> => openChecked(memorySource(bytes), webSha256)
export const file = (bytes: Uint8Array): Promise<SafetensorsFile> => openSafetensors(memorySource(bytes))
export const solver = async (bytes: Uint8Array<ArrayBuffer>): Promise<SubsetSumSolver> => createWasmSolver(await instantiateKernels(bytes))
export const normals = (seed: Seed) => generateWeights({ seed, stream: 0, init: { kind: 'normal', std: 1 }, count: 2 })
export const runner = (one: GraphRunner) => one.load
export { createGraph, InputError, openFile, openTicket, prune, search }
`
const web = `
import { decodeTicketText, openTicketBytes, rebuildTicket, type Kernels } from 'strong-lottery-tickets/web'
export async function weights(link: string, kernels: Kernels): Promise<Float32Array | undefined> {
  const ticket = await openTicketBytes(decodeTicketText(link))
  return ticket.kind === 'searched' ? (await rebuildTicket(ticket, kernels)).parameters.get('wte') : undefined
}
`

test('the types compile with the DOM and without those of Node', async () => {
  expect(await compile(library + web, '--lib', 'es2023,dom', '--types', '')).toBe('')
})

test('the types compile without the DOM, with those of Node', async () => {
  await symlink(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'), 'dir')
  expect(await compile(library, '--lib', 'es2023', '--types', 'node')).toBe('')
})

test('what is no such type is told', async () => {
  const said = await compile(library.replace('error: number', 'error: string'), '--lib', 'es2023,dom', '--types', '')
  expect(said).toMatch(/^program\.ts\(8,14\): error TS2322/)
})
