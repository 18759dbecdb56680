import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { verdictText } from '../../../../src/experiments/verdict.js'
import { isAbort, plainSentence } from '../../failure.js'
import { formatNumber } from '../../ui/axis.js'
import { type FigureSummary, readFigure } from './figure-summary.js'
import type { ReportData, ShownFigure } from './report-data.js'

/** The figures of the reports, our numbers beside the paper's. `children` stands where there is none. */
export function Figures({ data, children }: { readonly data: ReportData; readonly children: ComponentChildren }) {
  const reports = data.reports.value
  return (
    <section class="report-part" aria-labelledby="figures-title">
      <h2 id="figures-title">Figures</h2>
      {reports === undefined ? (
        <p class="report-waiting">Looking for figures…</p>
      ) : reports.length === 0 ? (
        children
      ) : (
        reports.map(({ id, name, page, figures }) => (
          <div key={id} class="report-folder">
            <p class="row">
              <code>{name}</code>
              {page ? (
                <a href={page} target="_blank" rel="noreferrer">
                  The whole report
                </a>
              ) : null}
            </p>
            {figures.map((figure) => (
              <PaperFigure key={figure.name} figure={figure} />
            ))}
          </div>
        ))
      )}
    </section>
  )
}

function PaperFigure({ figure }: { readonly figure: ShownFigure }) {
  const { name, image, summary: given } = figure
  const summary = useSignal<FigureSummary | undefined>(undefined)
  const trouble = useSignal<string | undefined>(undefined)
  useEffect(() => {
    trouble.value = undefined
    if (typeof given !== 'string') {
      summary.value = given
      return
    }
    const controller = new AbortController()
    loadSummary(given, controller.signal).then(
      (found) => {
        summary.value = found
      },
      (error) => {
        if (!isAbort(error)) trouble.value = plainSentence(error)
      },
    )
    return () => controller.abort()
  }, [given])
  const { value: found } = summary
  const waiting = typeof given === 'string' && !found && !trouble.value
  const title = found ? `Figure ${found.figure}. ${found.title}` : name
  return (
    <article class={waiting ? 'paper-figure paper-figure-waiting' : 'paper-figure'} aria-label={name}>
      <h3>{title}</h3>
      {found ? (
        <p class="paper-claim">
          <b>The paper:</b> {found.claim}
        </p>
      ) : null}
      {waiting ? null : (
        <div class="paper-figure-parts">
          {image ? (
            <a
              class="paper-picture"
              href={image}
              target="_blank"
              rel="noreferrer"
              aria-label={`${name} as an SVG file`}
            >
              <img src={image} alt={altText(name, found)} loading="lazy" width="760" height="520" />
            </a>
          ) : null}
          <div class="paper-numbers">
            {found ? <Numbers summary={found} /> : trouble.value ? <p>{trouble.value}</p> : null}
          </div>
        </div>
      )}
    </article>
  )
}

async function loadSummary(address: string, signal: AbortSignal): Promise<FigureSummary> {
  const response = await fetch(address, { signal })
  const found = response.ok ? readFigure(await response.json().catch(() => undefined)) : undefined
  if (!found) throw new Error('The numbers of this figure could not be read')
  return found
}

const altText = (name: string, summary: FigureSummary | undefined): string =>
  summary ? `${name}: ${summary.title}. ${summary.checks.map(({ measured }) => measured).join('. ')}` : name

function Numbers({ summary: { checks, fits, settings, seconds } }: { readonly summary: FigureSummary }) {
  return (
    <>
      <ul class="checks">
        {checks.map(({ claim, measured, holds }) => (
          <li key={claim} class={holds === null ? 'check-undecided' : holds ? 'check-holds' : 'check-fails'}>
            <span class="check-mark">{verdictText(holds)}</span>
            {claim}
            <span class="check-measured">{measured}</span>
          </li>
        ))}
      </ul>
      {fits.length > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <div class="table-scroll" tabIndex={0}>
          <table>
            <caption>Fits of a exp(−b n)</caption>
            <thead>
              <tr>
                <th scope="col">fit</th>
                <th scope="col">rate b</th>
                <th scope="col">factor a</th>
              </tr>
            </thead>
            <tbody>
              {fits.map(({ name, rate, rateError, factors }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>
                    {rateError === undefined
                      ? formatNumber(rate)
                      : `${formatNumber(rate)} ± ${formatNumber(rateError)}`}
                  </td>
                  <td>{factors.map(formatNumber).join('; ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <details class="numbers">
        <summary>Settings{seconds === undefined ? '' : `, ${seconds.toFixed(0)} s of computing`}</summary>
        <dl class="facts">
          {settings.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  )
}
