// Lets a ticket sort every list of some letters, after npm run build:
//   node examples/sorter-qr/check.mjs <ticket> <letters> <length>
// A list counts when each letter of its answer is the likeliest one after those before it, which is when the greedy
// continuation of the list is its letters in order.
import { checkSortTask, fillSorted, isHeldOut, listCount, sortContext } from '../../dist/data/index.js'
import { openTicketModel } from '../../dist/index.js'

const [path, letters, length] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const task = { name: 'sort', letters, length }
if (process.argv.length !== 5) end('usage: node examples/sorter-qr/check.mjs <ticket> <letters> <length>', 2)
try {
  checkSortTask(task)
} catch (error) {
  end(error.message, 1)
}
const context = sortContext(task)
const total = listCount(task)
const BATCH = 250

const { model, ticket, close } = await openTicketModel(path).catch((error) => end(error.message, 1))
const { vocabulary, positions } = model.config
if (vocabulary !== letters || positions < context) {
  end(
    `${path}: has ${vocabulary} letters and ${positions} tokens; the task asks for ${letters} letters and ${context}`,
    1,
  )
}
const sorted = { all: 0, heldOut: 0 }
let heldOut = 0
let least = Number.POSITIVE_INFINITY
for (let at = 0; at < total; at += BATCH) {
  const count = Math.min(BATCH, total - at)
  const rows = new Int32Array(count * 2 * length)
  const tokens = new Int32Array(count * context)
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * 2 * length, (i + 1) * 2 * length)
    fillSorted(task, at + i, row)
    tokens.set(row.subarray(0, context), i * context)
  }
  const logits = await model.logits(tokens, count, context)
  for (let i = 0; i < count; i++) {
    let margin = Number.POSITIVE_INFINITY // of the right letters over the others
    for (let t = length - 1; t < context; t++) {
      const right = rows[i * 2 * length + t + 1]
      const start = (i * context + t) * letters
      for (let letter = 0; letter < letters; letter++) {
        if (letter !== right) margin = Math.min(margin, logits[start + right] - logits[start + letter])
      }
    }
    const isHeld = isHeldOut(ticket.seed, at + i)
    heldOut += isHeld ? 1 : 0
    least = Math.min(least, margin)
    if (margin <= 0) continue
    sorted.all++
    if (isHeld) sorted.heldOut++
  }
}
await close()
const n = (value) => value.toLocaleString('en')
console.log(`${n(sorted.all)} of ${n(total)} lists sorted; of the ${n(heldOut)} held out, ${n(sorted.heldOut)}`)
console.log(`least margin of a right letter over the next: ${least.toFixed(3)}`)

function end(line, code) {
  console.error(line)
  process.exit(code)
}
