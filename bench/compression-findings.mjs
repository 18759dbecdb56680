// What the numbers of `compression` say, whichever way they fall: each ticket against rivals of no more bytes.
import { figure } from './measure.mjs'
import { difference, differenceText, halfText } from './over-seeds.mjs'

/** Rows of cells, the first of titles; by series, in the order of the plan, the fewest bytes first. */
export function tableOf(rows) {
  const order = [...new Set(rows.map(({ series }) => series))]
  const sorted = rows.toSorted((a, b) => order.indexOf(a.series) - order.indexOf(b.series) || a.bytes - b.bytes)
  return [
    ['model', 'file bytes', 'bits a weight', 'nats a byte', '95 %', 'bits a byte'],
    ...sorted.map(({ name, bytes, bitsPerWeight, loss, half }) => [
      name,
      figure(Math.round(bytes)),
      bitsPerWeight.toFixed(2),
      loss.toFixed(3),
      halfText(half),
      (loss / Math.LN2).toFixed(3),
    ]),
  ]
}

const leastLoss = (rows) => rows.toSorted((a, b) => a.loss - b.loss)[0]
const ofKind = (rows, kind) => rows.filter((row) => row.kind === kind)

/** The rival of the least mean loss among those of at most so many bytes; undefined where there is none. */
const bestRival = (rows, bytes) => leastLoss(ofKind(rows, 'rival').filter((row) => row.bytes <= bytes))

const VERDICTS = { lower: 'wins', higher: 'loses', undecided: 'undecided' }

/**
 * A ticket against a rival.
 * @returns `verdict`: wins or loses where the 95 % interval of the difference, seed by seed, leaves 0 out; else undecided
 */
export function against(ticket, rival) {
  const less = difference(ticket, rival)
  return { ...less, verdict: VERDICTS[less.verdict] }
}

/** `the ticket wins (−0.041 nats, 95 % ±0.009; seed by seed −0.039, −0.041, −0.043)`. Without an interval nothing is decided. */
function verdictText(ticket, rival) {
  const less = against(ticket, rival)
  const words = less.verdict === 'undecided' ? less.verdict : `the ticket ${less.verdict}`
  return `${words} (${differenceText(less)})`
}

const described = ({ name, bytes, loss }) => `*${name}* (${figure(Math.round(bytes))} bytes, ${loss.toFixed(3)} nats)`

/** Sentences for a page: how many tickets win, lose and are undecided against the best rival of no more bytes; then one for each. */
export function findings(rows) {
  const tickets = ofKind(rows, 'ticket').toSorted((a, b) => a.bytes - b.bytes)
  const verdicts = tickets.map((ticket) => {
    const rival = bestRival(rows, ticket.bytes)
    return rival === undefined ? 'without a rival' : against(ticket, rival).verdict
  })
  const count = (verdict) => verdicts.filter((each) => each === verdict).length
  const alone = count('without a rival')
  const lines = tickets.map((ticket) => {
    const rival = bestRival(rows, ticket.bytes)
    const equal =
      rival === undefined
        ? 'no rival is as small'
        : `the best rival of no more bytes is ${described(rival)}: ${verdictText(ticket, rival)}`
    const asGood = ofKind(rows, 'rival').filter(({ loss }) => loss <= ticket.loss)
    const least = asGood.toSorted((a, b) => a.bytes - b.bytes)[0]
    const cheaper =
      least === undefined
        ? 'no rival here is as good'
        : `the smallest rival that is at least as good is *${least.name}*, ${(least.bytes / ticket.bytes).toFixed(2)} times its bytes`
    return `- ${described(ticket)}: ${equal}; ${cheaper}.`
  })
  return [
    `Of ${tickets.length} tickets, each against the best rival of no more bytes, ${count('wins')} win, ${count('loses')} lose, ${count('undecided')} are undecided${alone === 0 ? '' : `; ${alone} have no rival as small`}.`,
    '',
    ...lines,
  ]
}

/** The best ticket of at most so many bytes against the best rival of no more bytes than it, and against the best of at most so many, where that is another. */
export function headline(rows, text, most) {
  const head = `${text}, at most ${figure(most / 1000)} kB a file`
  const ticket = leastLoss(ofKind(rows, 'ticket').filter(({ bytes }) => bytes <= most))
  if (ticket === undefined) return `**${head}:** no ticket here is as small.`
  const [rival, other] = [bestRival(rows, ticket.bytes), bestRival(rows, most)]
  const ownRival =
    rival === undefined
      ? 'no rival is as small'
      : `the best rival of no more bytes is ${described(rival)}: ${verdictText(ticket, rival)}`
  const anyRival =
    other === undefined || other === rival
      ? ''
      : ` Against the best rival of at most ${figure(most / 1000)} kB, ${described(other)}, ${verdictText(ticket, other)}.`
  return `**${head}:** the best ticket is ${described(ticket)}; ${ownRival}.${anyRival}`
}
