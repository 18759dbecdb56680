// What the numbers of `trends` say: the gap between tickets and dense training, and what QK scaling is worth.
import { figure } from './measure.mjs'
import { difference, differenceText, halfText, signed } from './over-seeds.mjs'

const settingText = ({ model, steps }) => `${model}, ${figure(steps)} steps`

/**
 * @param rows { name, model, steps, ticket, dense } of each ticket and setting, the last two as `ofSeeds` gives them
 * @returns rows of cells, the first of titles
 */
export function gapTable(rows) {
  return [
    ['ticket', 'model and steps', 'ticket', '95 %', 'dense', '95 %', 'gap, seed by seed', '95 %'],
    ...rows.map((row) => {
      const { ticket, dense } = row
      const gap = difference(ticket, dense)
      return [
        ...[row.name, settingText(row)],
        ...[ticket.loss.toFixed(3), halfText(ticket.half), dense.loss.toFixed(3), halfText(dense.half)],
        ...[signed(gap.mean), halfText(gap.half)],
      ]
    }),
  ]
}

const MOVES = { lower: 'closes', higher: 'opens' }

/** Whether the gap closes or opens: a sentence for each ticket and change. @param changes { name, from, to }: numbers of the settings among a ticket's rows */
export function gapFindings(rows, changes) {
  const names = [...new Set(rows.map(({ name }) => name))]
  return names.flatMap((name) => {
    const own = rows.filter((row) => row.name === name)
    const gaps = own.map(({ ticket, dense }) => {
      const { values, seeds } = difference(ticket, dense)
      return { losses: values, seeds }
    })
    return changes.map((change) => {
      const less = difference(gaps[change.to], gaps[change.from])
      const move = MOVES[less.verdict]
      const words = move === undefined ? 'whether the gap closes or opens is undecided' : `the gap ${move}`
      const [from, to] = [own[change.from], own[change.to]].map(settingText)
      return `- *${name}*: with ${change.name} (${from}, to ${to}) ${words} (${differenceText(less)}).`
    })
  })
}

/** @param rows { init, shown, plain, scaled }: losses with a scale of 1, and with the one that `shown` tells */
export function scalingTable(rows) {
  return [
    [
      'initialisation',
      'scale',
      'nats a byte',
      '95 %',
      'scale 1',
      '95 %',
      'less scale 1, seed by seed',
      '95 %',
      'seeds',
    ],
    ...rows.map(({ init, shown, plain, scaled }) => {
      const less = difference(scaled, plain)
      return [
        ...[init, shown, scaled.loss.toFixed(3), halfText(scaled.half), plain.loss.toFixed(3), halfText(plain.half)],
        ...[signed(less.mean), halfText(less.half), String(less.seeds.length)],
      ]
    }),
  ]
}

const WORTH = {
  lower: 'scaling lowers the loss',
  higher: 'scaling raises the loss',
  undecided: 'whether scaling lowers the loss is undecided',
}

/** A sentence for each initialisation. */
export const scalingFindings = (rows) =>
  rows.map(({ init, shown, plain, scaled }) => {
    const less = difference(scaled, plain)
    return `- *${init}*, query and key weights times ${shown}: ${WORTH[less.verdict]} (${differenceText(less)}).`
  })
