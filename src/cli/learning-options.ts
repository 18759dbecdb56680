/** Options of how a run learns: steps, learning rate, AdamW, a teacher. */
import type { Command } from 'commander'
import { arithmetics } from '../families/loss-graph.js'
import { defaultText, presetNames, presetText, type RunDefaults } from '../search/presets.js'
import { schedules } from '../search/schedule.js'
import { integer, number, oneOf, positive } from './values.js'

/** @param command named `search` or `train`: their defaults differ */
export function addLearningOptions(command: Command): Command {
  const kind = command.name() === 'train' ? 'train' : 'search'
  const usual = (name: keyof RunDefaults) => defaultText(kind, name)
  if (kind === 'search') {
    command
      .option(
        '--score-scale <x>',
        `factor of the range that scores start in, +-1/sqrt(inputs) (default: ${usual('scoreScale')})`,
        positive('score-scale'),
      )
      .option(
        '--start <path>',
        'start the scores from the weights of this trained model of the same configuration, in place of random scores',
      )
  }
  return command
    .option(
      '--preset <name>',
      `in place of the defaults, where nothing else is given; paper, the settings of the paper: ${presetText('paper')}`,
      oneOf('preset', presetNames),
    )
    .option('--steps <n>', `steps (default: ${usual('steps')})`, integer('steps', 1))
    .option('--batch <n>', `windows a step (default: ${usual('batch')})`, integer('batch', 1))
    .option('--micro-batch <n>', 'windows of one run of the graph (default: the batch)', integer('micro-batch', 1))
    .option(
      '--arithmetic <a>',
      'linear maps in float32 (default), in int8 (forward and backward, where the CPU has units for it), or auto: the faster one here',
      oneOf('arithmetic', [...arithmetics, 'auto']),
    )
    .option('--lr <x>', `highest learning rate (default: ${usual('learningRate')})`, positive('lr'))
    .option(
      '--final-lr <x>',
      `last learning rate (default: the highest over ${usual('rateOverLast')})`,
      number('final-lr'),
    )
    .option('--schedule <s>', `${schedules.join(', ')} (default: ${usual('schedule')})`, oneOf('schedule', schedules))
    .option(
      '--warm-up <n>',
      `steps of linear warm-up (default: all over ${usual('stepsOverWarmUp')}, at most ${usual('warmUpMost')})`,
      integer('warm-up', 0),
    )
    .option('--beta1 <x>', `AdamW: decay of the first moment (default: ${usual('beta1')})`, number('beta1'))
    .option('--beta2 <x>', `AdamW: decay of the second moment (default: ${usual('beta2')})`, number('beta2'))
    .option('--epsilon <x>', `AdamW: added to the denominator (default: ${usual('epsilon')})`, positive('epsilon'))
    .option('--weight-decay <x>', `AdamW: decoupled decay (default: ${usual('weightDecay')})`, number('weight-decay'))
    .option('--clip <x>', `largest norm of all gradients together, or none (default: ${usual('clip')})`, readClip)
    .option(
      '--teacher <path>',
      'learn from the distributions of this model too: a file of slt train, a ticket, the folder of such a run, or a Hugging Face folder',
    )
    .option(
      '--teacher-weight <x>',
      'its share of the loss, above 0 and at most 1 (default: 0.5)',
      number('teacher-weight'),
    )
    .option('--temperature <x>', 'of both distributions when they are compared (default: 1)', number('temperature'))
}

const readClip = (text: string): number | 'none' => (text === 'none' ? text : positive('clip')(text))
