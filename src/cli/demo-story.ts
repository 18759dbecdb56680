/** What the pruned storyteller does in `slt demo`: it writes a story beside its target's. */
import { interruptible } from './interrupt.js'
import { columnsOf, lengthOf, type Terminal, wrapLines } from './terminal.js'

/** Tokens of the story. */
const TOKENS = 200
/** As many of its first tokens must be the target's. */
const LEAST_EQUAL = 100

/**
 * The story by the ticket, run literally, and the target's: each token of both is its model's likeliest.
 * @param ticket a file
 * @param folder of the target, with its tokenizer
 */
export async function showStory(terminal: Terminal, ticket: string, folder: string) {
  const { bold, dim } = terminal.colour
  const { own, wanted, before, equal, passes, seconds } = await interruptible((signal) => tell(ticket, folder, signal))
  const titles = ['the pruned random network, each token its own likeliest', 'the target']
  for (const line of beside(titles, [own, wanted], columnsOf(process.stdout), dim)) terminal.print(line)
  terminal.print()
  if (equal === TOKENS) {
    terminal.print(bold(`both stories are equal, all ${TOKENS} tokens; the first is by random weights and masks alone`))
  } else {
    terminal.print(
      bold(`the first ${equal} of ${TOKENS} tokens are equal; the first is by random weights and masks alone`),
    )
    terminal.print(`they part after "...${before.slice(-40)}"`)
  }
  terminal.print(dim(`${passes} ${passes === 1 ? 'pass' : 'passes'} of the literal network, ${seconds.toFixed(1)} s`))
  return { story: own, targetStory: wanted, equalTokens: equal, tokens: TOKENS, passed: equal >= LEAST_EQUAL }
}

/** Least columns of a text that stands beside another, and most: longer lines are hard to read. */
const COLUMN = { least: 36, most: 72 }
const GAP = 4

/**
 * Two texts under their titles, as lines: side by side where there is room, else one after the other.
 * @param columns of the terminal; Infinity where it is none, and then a text is not wrapped
 */
export function beside(
  titles: readonly string[],
  texts: readonly string[],
  columns: number,
  dim: (text: string) => string,
): string[] {
  const width = Math.min(COLUMN.most, Math.floor((columns - GAP) / 2))
  if (!Number.isFinite(columns) || width < COLUMN.least) {
    return texts.flatMap((text, i) => [...(i > 0 ? [''] : []), dim(`${titles[i]}:`), ...text.split('\n')])
  }
  const [left, right] = texts.map((text, i) => [
    ...wrapLines(`${titles[i]}:`, width).split('\n').map(dim),
    ...wrapLines(text, width).split('\n'),
  ])
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const [a = '', b = ''] = [left[i], right[i]]
    return `${a}${' '.repeat(width + GAP - lengthOf(a))}${b}`.trimEnd()
  })
}

async function tell(ticket: string, folder: string, signal: AbortSignal) {
  const [{ generateWithDraft, generateTokens }, { openModel }, { openTicketModel }, { loadModelTokenizer }] =
    await Promise.all([
      import('../families/index.js'),
      import('../jobs/open-model.js'),
      import('../jobs/ticket-model.js'),
      import('../jobs/searched-text.js'),
    ])
  const target = await openModel(folder)
  try {
    const pruned = await openTicketModel(ticket)
    try {
      const tokenizer = await loadModelTokenizer(target)
      const prompt = [(await target.specialTokens()).bos!]
      const wanted: number[] = []
      const greedy = { count: TOKENS, temperature: 0, word: () => 0, signal }
      for await (const token of generateTokens(target.decoder, prompt, greedy)) wanted.push(token)
      const started = performance.now()
      const { tokens, passes } = await generateWithDraft(pruned.model, target.decoder, prompt, TOKENS, () =>
        signal.throwIfAborted(),
      )
      const seconds = (performance.now() - started) / 1000
      const differs = tokens.findIndex((token, i) => token !== wanted[i])
      const equal = differs < 0 ? TOKENS : differs
      const text = (of: readonly number[]) => new TextDecoder().decode(tokenizer.decode(of)).trim()
      const before = text(tokens.slice(0, equal)).replaceAll(/\s+/g, ' ')
      return { own: text(tokens), wanted: text(wanted), before, equal, passes, seconds }
    } finally {
      await pruned.close()
    }
  } finally {
    await target.close()
  }
}
