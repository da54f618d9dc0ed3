/** The most common passwords of twelve characters and more, and what people make of this program's name; lower case. */
export const commonPasswords: ReadonlySet<string> = new Set([
  '123456789012', '1234567890123', '12345678901234', '123456789012345', '1234567890123456', '12345678910111213',
  '123123123123', '112233445566', '121212121212', '123321123321', '987654321098', '098765432109', '0987654321098',
  '123456123456', '1q2w3e4r5t6y', '1q2w3e4r5t6y7u8i', '1qaz2wsx3edc', '1qaz2wsx3edc4rfv', 'qazwsxedcrfv', 'zaq12wsxcde3',
  'qwertyuiop12', 'qwertyuiop123', 'qwertyuiop[]', 'qwertyuiopasdf', 'qwertyuiopasdfghjkl', 'qwertyqwerty', 'qwerty123456',
  'qwerty1234567', 'qwerty12345678', 'qwerty123456789', 'asdfghjkl123', 'asdfghjklqwertyuiop', 'asdfghjkl;\'', 'zxcvbnm12345',
  'abcdefghijkl', 'abcdefghijklm', 'abcdefghijklmnop', 'abcdefghijklmnopqrstuvwxyz', 'abc123abc123', 'abcd12345678',
  'password1234', 'password12345', 'password123456', 'password123!', 'password1234!', 'passwordpassword', 'password@123',
  'passw0rd1234', 'p@ssw0rd1234', 'p@ssword1234', 'mypassword123', 'passwort1234', 'motdepasse123', 'contraseña123',
  'administrator', 'administrator1', 'adminadmin12', 'adminadminadmin', 'admin1234567', 'admin12345678', 'admin123456789',
  'iloveyou1234', 'iloveyou12345', 'iloveyouforever', 'iloveyousomuch', 'iloveyou2you', 'loveyou12345',
  'letmein12345', 'letmeinplease', 'letmeinletmein', 'welcome12345', 'welcome123456', 'welcome2freshet', 'welcometofreshet',
  'changeme1234', 'changeme12345', 'changemeplease', 'changemenow1', 'changemechangeme', 'defaultpassword', 'temporarypassword',
  'trustno1trustno1', 'footballfootball', 'baseball1234', 'football1234', 'superman1234', 'batman123456', 'princess1234',
  'sunshine1234', 'monkey123456', 'dragon123456', 'shadow123456', 'michael12345', 'liverpool123', 'manchesterunited',
  'correcthorsebatterystaple', 'correct horse battery staple', 'thequickbrownfox', 'opensesame12', 'secretsecret',
  'secretpassword', 'supersecret1', 'supersecretpassword', 'mysecretpassword', 'testtesttest', 'test12345678', 'testing12345',
  'musicmusicmusic', 'freshetfreshet', 'freshet12345', 'freshetmusic', 'freshet-music', 'musicservice', 'listen2music'
])
