import type { TimelineRow } from './timeline.ts'

export interface PictureSettings { readonly title: string, readonly subtitle: string, readonly targetMs: number }

interface Panel {
  readonly title: string
  readonly unit: string
  readonly value: (row: TimelineRow) => number
  readonly kind: 'line' | 'steps' | 'bars'
  /** A dashed line with its label. */
  readonly mark?: { readonly at: number, readonly label: string }
  readonly least: number
}

const width = 720
const left = 56
const right = 16
const panelHeight = 76
const gap = 34
const top = 66

/** The house's colours, day and night, as web/app/tokens.css has them. */
const style = `
    svg { color-scheme: light dark; }
    text { font: 12px 'Hanken Grotesk', system-ui, sans-serif; fill: light-dark(#41505e, #aab8c4); font-variant-numeric: tabular-nums; }
    .paper { fill: light-dark(#fbfcfd, #18212a); }
    .title { font-size: 16px; font-weight: 600; fill: light-dark(#0f1720, #eaf0f4); }
    .name { font-weight: 600; fill: light-dark(#0f1720, #eaf0f4); }
    .hair { stroke: light-dark(#c9d1d8, #26323d); stroke-width: 1; fill: none; }
    .mark { stroke: light-dark(#73818e, #667684); stroke-width: 1; stroke-dasharray: 3 3; fill: none; }
    .ink { stroke: light-dark(#0f1720, #eaf0f4); stroke-width: 1.5; fill: none; stroke-linejoin: round; }
    .needle { stroke: light-dark(#c8231a, #ff5c47); stroke-width: 1.5; fill: none; stroke-linejoin: round; }
    .shed { fill: light-dark(#c8231a, #ff5c47); }`

/** Load, p95, instances, shed requests and CPU over the simulated time of one run, as a small SVG for day and night. */
export function drawPicture (rows: readonly TimelineRow[], { title, subtitle, targetMs }: PictureSettings): string {
  const panels: Panel[] = [
    { title: 'offered load', unit: '/s', value: (row) => row.offeredPerSecond, kind: 'steps', least: 1 },
    { title: 'p95 of answered requests', unit: ' ms', value: (row) => row.p95Ms, kind: 'line', mark: { at: targetMs, label: `target ${targetMs} ms` }, least: targetMs * 1.2 },
    { title: 'healthy instances', unit: '', value: (row) => row.healthy, kind: 'steps', least: 2 },
    { title: 'shed requests', unit: ' %', value: (row) => row.shedPercent, kind: 'bars', least: 5 },
    { title: 'CPU of instances in service', unit: ' %', value: (row) => row.cpuPercent, kind: 'line', mark: { at: 55, label: 'target 55 %' }, least: 100 }
  ]
  const height = top + panels.length * (panelHeight + gap) + 10
  const minutes = Math.ceil(rows.at(-1)?.minute ?? 1)
  const x = (minute: number) => left + (width - left - right) * minute / minutes
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
  <style>${style}
  </style>
  <rect class="paper" width="${width}" height="${height}" rx="6"/>
  <text class="title" x="16" y="28">${escaped(title)}</text>
  <text x="16" y="46">${escaped(subtitle)}</text>
${panels.map((panel, i) => drawPanel(panel, rows, { x, y: top + i * (panelHeight + gap) })).join('\n')}
  ${minuteLabels(minutes).map((minute) => `<text x="${x(minute)}" y="${height - 8}" text-anchor="middle">${minute}${minute === 0 ? ' min' : ''}</text>`).join('')}
</svg>
`
}

interface Frame { readonly x: (minute: number) => number, readonly y: number }

function drawPanel (panel: Panel, rows: readonly TimelineRow[], { x, y }: Frame): string {
  const ceiling = roundUp(Math.max(panel.least, ...rows.map(panel.value)))
  const floor = y + 14 + panelHeight
  const at = (value: number) => Number((floor - panelHeight * Math.min(value, ceiling) / ceiling).toFixed(1))
  const lines = [
    `<text class="name" x="16" y="${y + 2}">${escaped(panel.title)}</text>`,
    `<path class="hair" d="M${left} ${floor}H${width - right}M${left} ${at(ceiling)}H${width - right}"/>`,
    `<text x="${left - 6}" y="${at(ceiling) + 4}" text-anchor="end">${ceiling}${panel.unit}</text>`,
    `<text x="${left - 6}" y="${floor + 4}" text-anchor="end">0</text>`
  ]
  if (panel.mark !== undefined) lines.push(`<path class="mark" d="M${left} ${at(panel.mark.at)}H${width - right}"/><text x="${width - right}" y="${at(panel.mark.at) - 4}" text-anchor="end">${escaped(panel.mark.label)}</text>`)
  lines.push(panel.kind === 'bars' ? bars(panel, rows, { x, at, floor }) : `<path class="${panel.title.startsWith('p95') ? 'needle' : 'ink'}" d="${line(panel, rows, { x, at })}"/>`)
  return lines.map((one) => `  ${one}`).join('\n')
}

function line (panel: Panel, rows: readonly TimelineRow[], { x, at }: { x: Frame['x'], at: (value: number) => number }): string {
  return rows.map((row, i) => {
    const px = x(row.minute).toFixed(1)
    if (i === 0) return `M${px} ${at(panel.value(row))}`
    return panel.kind === 'steps' ? `H${px}V${at(panel.value(row))}` : `L${px} ${at(panel.value(row))}`
  }).join('')
}

function bars (panel: Panel, rows: readonly TimelineRow[], { x, at, floor }: { x: Frame['x'], at: (value: number) => number, floor: number }): string {
  const wide = Math.max(1, x(rows[1]?.minute ?? 1) - x(rows[0]?.minute ?? 0) - 0.5).toFixed(1)
  return rows
    .filter((row) => panel.value(row) > 0)
    .map((row) => `<rect class="shed" x="${x(row.minute).toFixed(1)}" y="${at(panel.value(row))}" width="${wide}" height="${(floor - at(panel.value(row))).toFixed(1)}"/>`)
    .join('')
}

function minuteLabels (minutes: number): number[] {
  const every = minutes > 40 ? 10 : 5
  return Array.from({ length: Math.floor(minutes / every) + 1 }, (_, i) => i * every)
}

function roundUp (value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value))
  return Math.ceil(value / magnitude * 2 - 1e-9) / 2 * magnitude
}

function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
