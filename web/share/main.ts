import { mount } from 'svelte'
import '../app/tokens.css'
import '../app/base.css'
import { pressOnce } from '../app/press-once.ts'
import SharePage from './share-page.svelte'

const target = document.getElementById('share')
if (target === null) throw new Error('share.html has no #share')
pressOnce()
mount(SharePage, { target, props: { token: location.pathname.split('/')[2] ?? '' } })
