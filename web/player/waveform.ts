/** Peaks folded into `bars` by the greatest of each share, 0 to 1. */
export function foldPeaks (peaks: Uint8Array, bars: number): Float32Array {
  const folded = new Float32Array(bars)
  for (let bar = 0; bar < bars && peaks.length > 0; bar++) {
    const from = Math.floor(bar * peaks.length / bars)
    const to = Math.max(from + 1, Math.floor((bar + 1) * peaks.length / bars))
    folded[bar] = peaks.subarray(from, to).reduce((most, peak) => Math.max(most, peak), 0) / 255
  }
  return folded
}

export interface WaveformView {
  readonly peaks: Uint8Array | null
  readonly width: number
  readonly height: number
}

/** CSS pixels from bar to bar, and the width of one. */
const pitch = 3
const barWidth = 2

/** Draws all bars in the canvas's own colour; a flat line while there are no peaks. */
export function drawBars (canvas: HTMLCanvasElement, { peaks, width, height }: WaveformView): void {
  const scale = Math.min(3, devicePixelRatio)
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(scale, scale)
  context.fillStyle = getComputedStyle(canvas).color
  const bars = Math.max(1, Math.floor(width / pitch))
  const folded = foldPeaks(peaks ?? new Uint8Array(), bars)
  const tallest = folded.reduce((most, value) => Math.max(most, value), 0.05)
  for (let bar = 0; bar < bars; bar++) {
    const tall = Math.max(peaks === null ? 1 : 2, (folded[bar] ?? 0) / tallest * (height - 4))
    context.fillRect(bar * pitch, height - tall, barWidth, tall)
  }
}
