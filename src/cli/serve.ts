import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { interruptible } from './interrupt.js'
import { createTerminal } from './terminal.js'
import { integer } from './values.js'

interface ServeFlags {
  host?: string
  port?: number
  open?: boolean
  json?: boolean
}

const help = `
Examples:
  slt serve                          what lies in this folder and six folders deep
  slt serve runs out --port 8000     run folders in runs, the report in out
  slt serve --open --json

The explorer runs in the browser; the server gives it files and changes none. Of the folders it shows runs of slt search and
slt train with their curves as they grow, sweeps of slt sweep as they run, reports of slt reproduce, and tickets
(*.slt.safetensors). Other machines reach it only with --host, and whoever reaches it may read what it shows. Ctrl-C ends it (exit code 0).`

/** Adds `slt serve`. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('show the explorer in a browser, with the runs, sweeps, tickets and reports of a folder')
    .argument('[folders...]', 'folders to show (default: the current one)')
    .option('--host <h>', 'address or name to listen on; 0.0.0.0 for all (default: 127.0.0.1, this machine alone)')
    .option(
      '--port <n>',
      'port to listen on, 0 for any free one (default: 7411, or the next free one)',
      integer('port', 0, 65535),
    )
    .option('--open', 'open a browser')
    .option('--json', 'print one JSON object when it listens')
    .addHelpText('after', help)
    .action(runServe)
}

async function runServe(names: string[], flags: ServeFlags, command: Command): Promise<void> {
  const terminal = createTerminal(flags)
  const { startServer, openBrowser } = await import('../serve/index.js')
  const folders = names.length > 0 ? names : ['.']
  const work = async (signal: AbortSignal) => {
    const serving = await startServer({
      explorer: fileURLToPath(new URL('../web', import.meta.url)),
      folders,
      host: flags.host,
      port: flags.port,
      version: command.parent?.version() ?? '',
      onError: (error) => terminal.note(`an answer failed: ${error instanceof Error ? error.message : String(error)}`),
    })
    const { url, host, port } = serving
    terminal.print(`${terminal.colour.bold(url)} shows ${folders.join(', ')}; Ctrl-C ends it`)
    terminal.result({ url, host, port, folders })
    if (flags.open && !(await openBrowser(url))) terminal.note(`no browser could be opened; the address is ${url}`)
    await new Promise<void>((done) => {
      if (signal.aborted) done()
      else signal.addEventListener('abort', () => done(), { once: true })
    })
    await serving.close()
  }
  await interruptible(work, undefined, { code: 0 })
}
