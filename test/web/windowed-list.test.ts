import t from 'tap'
import { drawMore } from '../../web/elements/drawn-rows.ts'
import { scaledScroll, tallestPx } from '../../web/elements/scaled-scroll.ts'

t.test('a list that a browser can lay out is scrolled pixel by pixel', async (t) => {
  const { heightPx, place } = scaledScroll({ listPx: 49 * 20_000, windowPx: 800 })
  t.equal(heightPx, 980_000)
  t.same([0, 1, 500_000, 979_200].map(place), [0, 1, 500_000, 979_200])
})

t.test('a million rows are reached from the first to the last within what browsers lay out', async (t) => {
  const [rows, rowHeight, windowPx] = [1_000_000, 49, 800]
  const { heightPx, place } = scaledScroll({ listPx: rows * rowHeight, windowPx })
  t.equal(heightPx, tallestPx)
  t.equal(place(0), 0)
  t.equal(place(heightPx - windowPx), rows * rowHeight - windowPx, 'the last row stands at the end')
  t.ok(place(100) < windowPx, 'a turn of the wheel skips nothing unseen')
  const middle = (heightPx - windowPx) / 2
  t.equal(Math.round(place(middle)), (rows * rowHeight - windowPx) / 2)
})

t.test('a list shorter than its window stays as it is', async (t) => {
  t.equal(scaledScroll({ listPx: 100, windowPx: 800 }).place(50), 50)
})

t.test('who flings gets a few rows a frame, what is in sight first, and all of them in the end', async (t) => {
  const goal = { all: { from: 92, to: 124 }, inSight: { from: 100, to: 116 }, most: 10 }
  let drawn = drawMore({ from: 0, to: 24 }, goal)
  t.same(drawn, { from: 100, to: 110 }, 'from the top of the window')
  drawn = drawMore(drawn, goal)
  t.same(drawn, { from: 100, to: 120 }, 'the window first, then below it')
  drawn = drawMore(drawn, goal)
  t.same(drawn, { from: 94, to: 124 })
  t.same(drawMore(drawn, goal), goal.all)
  t.same(drawMore({ from: 110, to: 140 }, goal), { from: 100, to: 124 }, 'upwards as well; what left the window goes')
  t.same(drawMore({ from: 108, to: 116 }, goal), { from: 100, to: 118 }, 'what is in sight above comes before what is out of sight below')
  t.same(drawMore(goal.all, { all: { from: 0, to: 3 }, inSight: { from: 0, to: 16 }, most: 10 }), { from: 0, to: 3 }, 'a list that became short')
})
