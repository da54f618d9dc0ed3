import type { nowPlaying as english } from '../en/now-playing.ts'
import type { Translation } from '../translation.ts'

export const nowPlaying: Translation<'pt-BR', typeof english> = {
  'now.lyrics': 'Letra',
  'now.credits': 'Créditos',
  'now.queue': 'Fila',
  'now.view': 'Ao lado do player',
  'lyrics.none': 'Esta faixa não tem letra.',
  'lyrics.follow': 'Voltar a seguir',
  'lyrics.lines': 'Letra, verso a verso',
  'lyrics.pause': 'Música sem palavras',
  'credits.album': 'Álbum',
  'credits.year': 'Ano',
  'credits.genres': 'Gêneros',
  'credits.isrc': 'ISRC',
  'credits.file': 'Arquivo',
  'credits.file-value': '{codec}, {rate} kHz',
  'credits.file-bits': '{codec}, {bits} bits, {rate} kHz',
  'credits.loudness': 'Sonoridade',
  'credits.loudness-value': '{lufs} LUFS, pico {peak} dBTP',
  'quality.now': 'Toca em {quality}',
  'quality.auto': 'Escolhida pela velocidade da sua conexão.',
  'quality.saving': 'Você escolheu economizar dados.',
  'quality.high': 'Você escolheu alta qualidade.',
  'quality.lossless': 'Você escolheu sem perdas.',
  'quality.unavailable': 'Você escolheu sem perdas, mas este navegador ou esta faixa só tem isto.',
  'quality.gain-up': 'Tocada {db} dB mais alto, para que tudo soe com o mesmo volume.',
  'quality.gain-down': 'Tocada {db} dB mais baixo, para que tudo soe com o mesmo volume.',
  'quality.gain-none': 'Tocada com o volume da gravação.',
  'quality.settings': 'Configurações'
}
