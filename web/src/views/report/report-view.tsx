import { useMemo } from 'preact/hooks'
import { OpenedReport } from './opened-report.js'
import './report.css'
import { isServed } from '../../site.js'
import { createReportData } from './report-data.js'
import { ServedReport } from './served-report.js'

/** The view `#report`: what `slt serve` was started on, or, on a plain file host, an example and files that are opened. */
export default function ReportView() {
  const data = useMemo(createReportData, [])
  return isServed() ? <ServedReport data={data} /> : <OpenedReport data={data} />
}
