import type { palette as english } from '../en/palette.ts'
import type { Translation } from '../translation.ts'

export const palette: Translation<'pt-BR', typeof english> = {
  'palette.title': 'Busca e comandos',
  'palette.placeholder': 'Busque, ou digite > para comandos',
  'palette.recent': 'Buscas recentes',
  'palette.commands': 'Comandos',
  'palette.tracks': 'Faixas',
  'palette.albums': 'Álbuns',
  'palette.artists': 'Artistas',
  'palette.more': 'Mais',
  'palette.all': 'Todos os resultados de “{query}”',
  'palette.nothing': 'Nada no acervo corresponde a “{query}”.',
  'palette.meant': 'Mostrando resultados de “{meant}”',
  'palette.count': { one: '{count} resultado', many: '{count} de resultados', other: '{count} resultados' },
  'palette.keys': 'Enter toca ou abre. Ctrl e Enter põem na fila.',
  'command.go': 'Ir para {name}',
  'command.queue': 'Mostrar ou ocultar a fila',
  'command.forget-searches': 'Esquecer as buscas recentes',
  'command.language': 'Idioma: {name}',
  'command.sleep': { one: 'Timer para dormir: {count} minuto', many: 'Timer para dormir: {count} de minutos', other: 'Timer para dormir: {count} minutos' },
  'command.sleep-track': 'Timer para dormir: fim desta faixa',
  'command.sleep-off': 'Timer para dormir: desligado'
}
