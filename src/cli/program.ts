import { Command } from 'commander'
import { addBound } from './bound.js'
import { addCompare } from './compare.js'
import { addDemo } from './demo.js'
import { addEmbed } from './embed.js'
import { addEval } from './eval.js'
import { addExport } from './export.js'
import { exitCodesHelp } from './failure.js'
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
import { addSweep } from './sweep.js'
import { addTrain } from './train.js'
import { checkHelpedCommand, checkNamesFirst, usageLine } from './usage.js'
import { addVerify } from './verify.js'
import { addWork } from './work.js'

/** The command line of `slt`: every command with its options. It prints usage errors itself, and throws CommanderError for them. */
export function createProgram(version: string): Command {
  const program = new Command('slt')
    .description(
      'Strong lottery tickets: prune a random transformer, changing no weight, until it is the one you wanted.',
    )
    .version(version)
    .configureOutput({ outputError: (text, write) => write(`slt: ${usageLine(text)}\n`) })
    .exitOverride()
    .hook('preAction', () => void watchSignals()) // beside the loading of what the command needs
  for (const add of commands) add(program)
  for (const command of [program, ...program.commands]) {
    command.copyInheritedSettings(program).addHelpText('after', exitCodesHelp)
    checkNamesFirst(command)
  }
  checkHelpedCommand(program)
  return program
}

const commands = [
  addPrune,
  addSearch,
  addTrain,
  addEval,
  addGenerate,
  addEmbed,
  addExport,
  addInspect,
  addCompare,
  addVerify,
  addRecode,
  addImport,
  addRun,
  addBound,
  addReproduce,
  addSweep,
  addWork,
  addServe,
  addDemo,
]
