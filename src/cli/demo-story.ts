/** What the pruned storyteller does in `slt demo`: it writes a story beside its target's. */
import { interruptible } from './interrupt.js'
import type { Terminal } from './terminal.js'

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
  const { own, wanted, equal, passes, seconds } = await interruptible((signal) => tell(ticket, folder, signal))
  terminal.print(dim('the story of the pruned random network, each token its own likeliest:'))
  terminal.print(own)
  terminal.print()
  if (equal < TOKENS) {
    terminal.print(dim("the target's story:"))
    terminal.print(wanted)
    terminal.print()
  }
  const all = equal === TOKENS ? `all ${TOKENS} tokens` : `the first ${equal} of ${TOKENS} tokens`
  terminal.print(bold(`${all} of the story are the target's, by random weights and masks alone`))
  terminal.print(dim(`${passes} ${passes === 1 ? 'pass' : 'passes'} of the literal network, ${seconds.toFixed(1)} s`))
  return { story: own, targetStory: wanted, equalTokens: equal, tokens: TOKENS, passed: equal >= LEAST_EQUAL }
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
      const text = (of: readonly number[]) => new TextDecoder().decode(tokenizer.decode(of)).trim()
      return { own: text(tokens), wanted: text(wanted), equal: differs < 0 ? TOKENS : differs, passes, seconds }
    } finally {
      await pruned.close()
    }
  } finally {
    await target.close()
  }
}
