// Runs the command line in this process and, at its end, writes the process's resource usage to file descriptor 3.
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
process.argv = [process.argv[0], fileURLToPath(main), ...process.argv.slice(2)]
process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())))
await import(main)
