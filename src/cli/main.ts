#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addBound } from './bound.js'
import { addCompare } from './compare.js'
import { addDemo } from './demo.js'
import { addEval } from './eval.js'
import { addExport } from './export.js'
import { endOutput, exitCodeOf, exitCodesHelp, reportFailure } from './failure.js'
import { addGenerate } from './generate.js'
import { addImport } from './import.js'
import { addInspect } from './inspect.js'
import { watchSignals } from './interrupt.js'
import { addPrune } from './prune.js'
import { addRecode } from './recode.js'
import { addReproduce } from './reproduce.js'
import { addRun } from './run.js'
import { addSearch } from './search.js'
import { addServe } from './serve.js'
import { addTrain } from './train.js'
import { addVerify } from './verify.js'

process.stdout.on('error', (error) => endOutput('standard output', error))
process.stderr.on('error', (error) => endOutput('standard error', error))

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('slt')
  .description(
    'Strong lottery tickets: prune a random transformer, changing no weight, until it is the one you wanted.',
  )
  .version(version)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'slt: ')) })
  .exitOverride()
  .hook('preAction', () => void watchSignals()) // beside the loading of what the command needs

const commands = [
  addPrune,
  addSearch,
  addTrain,
  addEval,
  addGenerate,
  addExport,
  addInspect,
  addCompare,
  addVerify,
  addRecode,
  addImport,
  addRun,
  addBound,
  addReproduce,
  addServe,
  addDemo,
]
for (const add of commands) add(program)
for (const command of [program, ...program.commands]) {
  command.copyInheritedSettings(program).addHelpText('after', exitCodesHelp)
}

try {
  await program.parseAsync()
} catch (error) {
  reportFailure(error)
  process.exitCode = exitCodeOf(error)
}
