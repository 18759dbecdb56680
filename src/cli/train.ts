import type { Command } from 'commander'
import { runSearchCommand } from './search.js'
import { addModelOptions, addRunOptions, addTaskOptions, type ModelFlags, type RunFlags } from './search-options.js'
import { trainAngularVelocity } from './train-angular-velocity.js'

const help = `
Examples:
  slt train --data corpus.txt --model micro --steps 2000 --out story.dense.safetensors
  slt train --resume story.dense.safetensors.run
  slt train --task angular-velocity --out mha.safetensors

The same model and the same loop as slt search, without a mask: the weights themselves learn. The result is a
safetensors file of float32 weights under Hugging Face names, which slt eval, generate, compare and export take.
The task angular-velocity trains the attention that slt reproduce --trained prunes towards, with the paper's settings; it takes --seed, --batch, --lr, --weight-decay, --out, --force and --json.`

/** Adds `slt train`. */
export function addTrain(program: Command): void {
  const command = program.command('train').description('train the same network densely: the baseline of a search')
  addRunOptions(addModelOptions(addTaskOptions(command, ['text', 'sort', 'angular-velocity'])), 'dense.safetensors')
    .addHelpText('after', help)
    .action(({ task, ...flags }: ModelFlags & RunFlags) =>
      task === 'angular-velocity' ? trainAngularVelocity(flags) : runSearchCommand('train', { ...flags, task }),
    )
}
