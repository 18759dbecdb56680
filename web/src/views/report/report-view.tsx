/** The view `#report`. */
export default function ReportView() {
  return null
}
