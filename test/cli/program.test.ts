import { CommanderError } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { exitCodeOf, reportFailure } from '../../src/cli/failure.js'
import { createProgram } from '../../src/cli/program.js'

afterEach(() => void vi.restoreAllMocks())

/** Runs a command line in this process, as main.ts does: its exit code and what it wrote to stderr. */
async function run(...args: string[]): Promise<[code: number, stderr: string]> {
  let stderr = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
  try {
    await createProgram('0').parseAsync(['node', 'slt', ...args])
    return [0, stderr]
  } catch (error) {
    reportFailure(error)
    return [exitCodeOf(error), stderr]
  } finally {
    vi.restoreAllMocks()
  }
}

/** Each command with what it needs, and an option of it with a typing error; its right name follows. */
const commands: [given: string[], typo: string, option: string][] = [
  [['prune', 'folder'], '--item', '--items'],
  [['search', '--data', 'x'], '--step', '--steps'],
  [['train', '--data', 'x'], '--outt', '--out'],
  [['eval', 'ticket', '--data', 'x'], '--window', '--windows'],
  [['generate', 'ticket'], '--promt', '--prompt'],
  [['embed', 'ticket', '--text', 'x'], '--bach', '--batch'],
  [['export', 'ticket', 'out', '--to', 'onnx'], '--dtypes', '--dtype'],
  [['inspect', 'ticket'], '--plott', '--plot'],
  [['compare', 'a', 'b'], '--dta', '--data'],
  [['verify', 'ticket'], '--targt', '--target'],
  [['recode', 'ticket', '--out', 'x'], '--codng', '--coding'],
  [['import', 'text', '--out', 'x'], '--forc', '--force'],
  [['run', 'ticket', '--tokens', '1'], '--cont', '--count'],
  [['bound', '--d', '4', '--eps', '0.1'], '--head', '--heads'],
  [['reproduce', 'figure-4'], '--source', '--sources'],
  [['sweep', 'search'], '--stor', '--store'],
  [['work'], '--clam', '--claim'],
  [['serve'], '--prt', '--port'],
  [['demo'], '--itms', '--items'],
]

test('the table has every command', () => {
  const names = createProgram('0').commands.map((command) => command.name())
  expect(commands.map(([[name]]) => name).sort()).toEqual(names.sort())
})

test.each(commands)('an unknown option of slt %j comes first, with what was meant', async (given, typo, option) => {
  const line = `slt: unknown option '${typo}' (Did you mean ${option}?)\n`
  expect(await run(...given, typo, 'x')).toEqual([2, line])
  // Before what is missing, and before values that cannot be read.
  expect(await run(given[0], typo, 'x')).toEqual([2, line])
  if (given.length > 1) expect(await run(given[0], typo)).toEqual([2, line])
})

test.each([
  [['search', '--keep', 'half', '--dta', 'x'], "unknown option '--dta' (Did you mean --data?)"],
  [['eval', 'x', '--batch', '0', '--dta', 'x'], "unknown option '--dta' (Did you mean --data?)"],
  [['serch', '--data', 'x'], "unknown command 'serch' (Did you mean search?)"],
  [['help', 'serch'], "unknown command 'serch' (Did you mean search?)"],
  [['serch', '--help'], "unknown command 'serch' (Did you mean search?)"],
  [['verify', 'a', 'b'], "too many arguments for 'verify'. Expected 1 argument but got 2."],
  [['search', '--data'], "option '--data <path>' argument missing"],
  // What is missing.
  [['search'], 'give --data <path>, or --task sort, or --resume <folder>'],
  [['search', '--task', 'text', '--steps', '3'], 'give --data <path>, or --task sort, or --resume <folder>'],
  [['train'], 'give --data <path>, or --task sort or angular-velocity, or --resume <folder>'],
  [['eval', 'x'], "required option '--data <path>' not specified"],
  [['eval', '--data', 'x'], "missing required argument 'ticket'"],
  [['generate'], "missing required argument 'ticket'"],
  [['export', 'x', 'y'], "required option '--to <form>' not specified"],
  [['export', 'x', '--to', 'onnx'], "missing required argument 'out'"],
  [['inspect'], "missing required argument 'ticket'"],
  [['compare'], "missing required argument 'models'"],
  [['verify'], "missing required argument 'ticket'"],
  [['recode', 'x'], "required option '--out <file>' not specified"],
  [['import', 'x'], "required option '--out <file>' not specified"],
  [['run', 'x'], "required option '--tokens <list>' not specified"],
  [['bound', '--d', '4'], "required option '--eps <x>' not specified"],
  [['prune'], 'give a folder or --random <shape>, one of them'],
  [['reproduce', 'figure-7', '--paper'], /^--paper needs the text of WikiText-103, .*--data train\.txt --valid/],
])('slt %j is bad usage: 2 and one line', async (args, message) => {
  const [code, stderr] = await run(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(/^slt: [^\n]+\n$/)
  const line = stderr.slice(5, -1)
  if (message instanceof RegExp) expect(line).toMatch(message)
  else expect(line).toBe(message)
})

test.each([
  [['search', '--keep', 'half', '--data', 'x'], '"keep" expected a number, got half'],
  [['inspect', 'none', '--plot', 'mask.png'], '"plot" expected an SVG file (.svg), got mask.png'],
  [['export', 'none', 'code.png', '--to', 'qr'], '"out" expected an SVG file (.svg), got code.png'],
  [
    ['reproduce', 'figure-7', '--paper', '--raw', '--data', 'x', '--valid', 'y'],
    /^"raw" expected no --paper beside it/,
  ],
  [['bound', '--d', '0', '--eps', '0.1'], '"d" expected an integer >= 1, got 0'],
  [['bound', '--d', '0'], '"d" expected an integer >= 1, got 0'],
  [['export', 'x', 'y', '--to', 'paper'], '"to" expected huggingface, onnx, onnx-training, gguf, url, qr, got paper'],
  [['run', 'x', '--tokens', '1,,2'], '"tokens" expected integers >= 0 with commas between, or letters alone, got 1,,2'],
])('a bad value of slt %j is bad input: 1 and one line', async (args, message) => {
  const line = message instanceof RegExp ? expect.stringMatching(message) : message
  const [code, stderr] = await run(...args)
  expect([code, stderr.slice(0, 5), stderr.slice(5, -1)]).toEqual([1, 'slt: ', line])
})

test('help is no failure', async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
  for (const args of [['eval', '--help'], ['help', 'eval'], ['help'], ['--help']]) {
    await expect(createProgram('0').parseAsync(['node', 'slt', ...args])).rejects.toMatchObject({ exitCode: 0 })
  }
  expect(exitCodeOf(new CommanderError(0, 'commander.helpDisplayed', ''))).toBe(0)
})
