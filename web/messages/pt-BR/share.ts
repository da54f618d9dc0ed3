import type { share as english } from '../en/share.ts'
import type { Translation } from '../translation.ts'

export const share: Translation<'pt-BR', typeof english> = {
  'share.title': 'Compartilhar {name}',
  'share.hint': 'Quem tiver o link pode ouvir sem ter conta: só isto e nada mais. Seu nome aparece na página.',
  'share.note': 'Algumas palavras para a página',
  'share.note-hint': 'Pode ficar em branco.',
  'share.lasts': 'O link vale',
  'share.lasts-always': 'Até eu encerrar',
  'share.lasts-days': { one: 'Por {count} dia', many: 'Por {count} de dias', other: 'Por {count} dias' },
  'share.make': 'Criar o link',
  'share.made': 'O link está pronto',
  'share.link': 'Seu link',
  'share.once': 'Copie agora: por segurança, ele só aparece desta vez.',
  'share.copy': 'Copiar',
  'share.copied': 'Link copiado',
  'share.copy-refused': 'O navegador não copia aqui. O link está selecionado: copie com o teclado.',
  'share.send': 'Enviar…',
  'share.another': 'Criar outro',
  'share.existing': 'Links que já existem',
  'share.list-title': 'Seus links',
  'share.list-empty': 'Você ainda não compartilhou nada. Crie links na página de uma playlist, no menu de um álbum ou no de uma faixa.',
  'share.since': 'desde {day}',
  'share.until': 'até {day}',
  'share.plays': { one: 'ouvido {count} vez', many: 'ouvido {count} de vezes', other: 'ouvido {count} vezes' },
  'share.gone': 'O que ele compartilhava não está mais no acervo',
  'share.end': 'Encerrar',
  'share.end-of': 'Encerrar o link de {name}',
  'share.ended': 'O link foi encerrado'
}
