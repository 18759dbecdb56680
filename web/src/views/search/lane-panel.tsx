import { useSignal } from '@preact/signals'
import { plainSentence } from '../../failure.js'
import { runTicket } from '../../handed-ticket.js'
import { Button } from '../../ui/button.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import type { Lane, Phase } from './lane.js'
import type { TicketFile } from './messages.js'
import { doneOf } from './searches.js'

const phases: Record<Phase, string> = {
  starting: 'Loading',
  running: 'Searching',
  paused: 'Waiting',
  finished: 'Finished',
  stopped: 'Stopped',
  failed: 'Ended',
}

/** How far a search is, what it writes, and its ticket. */
export function LanePanel({ lane, several }: { readonly lane: Lane; readonly several: boolean }) {
  const phase = lane.phase.value
  void lane.version.value
  const { history, settings, opening, failure, samples } = lane
  const opened = opening.value
  const texts = samples.value
  return (
    <section class="panel search-lane" aria-label={several ? lane.title : 'The search'}>
      {several ? <h3>{lane.title}</h3> : null}
      <Progress
        label={`${phases[phase]}: step ${doneOf(lane)}`}
        fraction={history.steps / settings.steps}
        note={paceOf(lane)}
      />
      <p class="field-help search-facts">
        {opened
          ? `${opened.kept.toLocaleString('en')} of ${opened.weights.toLocaleString('en')} weights kept. ${opened.reason}`
          : 'ONNX Runtime is loaded once, 14 MB (26 MB for WebGPU); then the random network is drawn.'}
      </p>
      {failure.value === undefined ? null : (
        <Notice kind="error">
          {failure.value} {history.steps > 0 ? 'What was found is lost; ' : ''}Change the settings and start again.
        </Notice>
      )}
      <div class="search-sample">
        <h4>{texts.length > 0 ? `What it writes at step ${texts[0].step.toLocaleString('en')}` : 'What it writes'}</h4>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <pre tabIndex={0}>{texts[0]?.text ?? ''}</pre>
        {texts.length > 1 ? (
          <details>
            <summary>Earlier texts</summary>
            {texts.slice(1).map(({ step, text }) => (
              <div key={step}>
                <h4>Step {step.toLocaleString('en')}</h4>
                <pre>{text}</pre>
              </div>
            ))}
          </details>
        ) : null}
      </div>
      <TicketButtons lane={lane} />
    </section>
  )
}

/** Speed, time left and loss, as far as they are known. */
function paceOf({ history, settings, phase }: Lane): string {
  const speed = history.speed()
  if (speed === 0) return ''
  const parts = [`${Math.round(speed).toLocaleString('en')} tokens/s`]
  const { batch, config, steps } = settings
  if (phase.value === 'running') {
    parts.push(`${duration(((steps - history.steps) * batch * config.positions) / speed)} left`)
  }
  return parts.join(' · ')
}

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Takes the ticket home, or to the run view. */
function TicketButtons({ lane }: { readonly lane: Lane }) {
  const isMaking = useSignal(false)
  const made = useSignal<TicketFile | undefined>(undefined)
  const problem = useSignal('')
  const phase = lane.phase.value
  const ready = phase !== 'starting' && phase !== 'failed' && !isMaking.value

  const make = async (use: (ticket: TicketFile, name: string) => void) => {
    isMaking.value = true
    problem.value = ''
    try {
      const ticket = await lane.ticket()
      made.value = ticket
      use(ticket, fileName(lane, ticket.step))
    } catch (error) {
      problem.value = plainSentence(error)
    } finally {
      isMaking.value = false
    }
  }
  return (
    <div class="search-ticket">
      <div class="row">
        <Button disabled={!ready} onClick={() => void make(({ bytes }, name) => download(bytes, name))}>
          Download the ticket
        </Button>
        <Button disabled={!ready} onClick={() => void make(({ bytes }, name) => runTicket({ name, bytes }))}>
          Run it
        </Button>
      </div>
      <p class="field-help" role="status">
        {isMaking.value
          ? 'Measuring its loss, writing its masks.'
          : problem.value !== ''
            ? problem.value
            : made.value
              ? `${kilobytes(made.value.bytes.length)} after step ${made.value.step.toLocaleString('en')}: ${made.value.validLoss.toFixed(3)} nats a byte on the validation text.`
              : 'A seed and one bit a weight: slt verify, eval and generate take the file.'}
      </p>
    </div>
  )
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`

function fileName({ settings }: Lane, step: number): string {
  const { config, qkScale, seed } = settings
  const scaled = qkScale === 1 ? '' : `-qk${qkScale}`
  return `search-${config.layers}x${config.width}${scaled}-seed${seed}-step${step}.slt.safetensors`
}

function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // some browsers read it later
}
