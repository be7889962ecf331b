/**
 * Words that names of secrets consist of, in English and other languages. Data, no code: lower case, without accents (`ł` as `l`),
 * words that belong together written together. To add a name, add its words here; see docs/agent.md, "Secrets".
 */

const set = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Anywhere in the name, written together: `user_password`, `clientSecret`, `X-Api-Key`. */
export const PARTS: readonly string[] = [
  ...set(`
password passwd passphrase passcode secret credential
apikey accesskey privatekey secretkey signingkey encryptionkey masterkey sharedkey accountkey subscriptionkey functionskey
licensekey storagekey sshkey hostkey clientkey servicekey authkey appkey applicationkey userkey consumerkey sessionkey
cipherkey aeskey rsakey hmackey jwtkey webhookkey deploykey adminkey serverkey integrationkey developerkey partnerkey rootkey
stripekey openaikey anthropickey googlekey awskey azurekey githubkey gitlabkey slackkey twiliokey sendgridkey mailgunkey paypalkey
braintreekey plaidkey algoliakey datadogkey newrelickey sentrykey herokukey cloudflarekey mapboxkey firebasekey supabasekey
cryptkey activationkey recoverykey productkey pskkey presharedkey
accesstoken apitoken refreshtoken idtoken authtoken sessiontoken securitytoken bearertoken sessionid sessiondata authorization
authentication authheader basicauth httpauth proxyauth connectionstring codeverifier samlresponse samlrequest samlassertion
clientassertion clientprincipal clientcert oidcdata
verificationcode authcode accesscode securitycode smscode mfacode otpcode logincode confirmationcode confirmcode
activationcode resetcode devicecode recoverycode backupcode invitecode invitationcode unlockcode pairingcode authorizationcode
authenticationcode validationcode onetimecode twofactor 2facode verifycode
magiclink resetlink loginlink activationlink confirmationlink verificationlink invitelink recoverylink magicurl reseturl
presignedurl signedurl sasurl
securityanswer securityquestion challengeanswer maidenname recoveryphrase seedphrase seedwords
creditcard debitcard cardnumber cardno ccnumber ccnum cardcode cardverification bankaccount accountnumber accountno
acctnumber acctno routingnumber sortcode
socialsecurity socialinsurance nationalinsurance nationalid identitynumber idcardnumber idcardno taxpayerid taxid taxnumber
taxpayernumber passport driverslicense driverslicence driverlicense driverlicence drivinglicence drivinglicense
aadhaar aadhar pancard healthinsurance medicareid medicarenumber insurancenumber nhsnumber
dateofbirth birthdate birthday dayofbirth`),
  // German
  ...set(`
passwort kennwort losungswort zugangsdaten anmeldedaten zugangscode zugangsschluessel geheimnis geheimzahl geheimwort
apischluessel privatschluessel geheimschluessel sicherheitscode bestatigungscode bestaetigungscode freischaltcode
sicherheitsantwort sicherheitsfrage steuernummer steuerid sozialversicherung ausweisnummer personalausweis reisepass
fuhrerschein fuehrerschein geburtsdatum geburtstag kartennummer kreditkarte kontonummer prufziffer kartenprufnummer
wiederherstellungscode einmalcode`),
  // French
  ...set(`
motdepasse motpasse cleapi cleprivee clesecrete cledacces cleacces jetondacces jetonacces identifiants codesecret codedacces
codeacces codeverification codedeverification codeconfirmation codedeconfirmation codedesecurite codesecurite reponsesecrete
phrasesecrete passeport numerocarte numerodecarte cartebancaire cartecredit numerosecu numerosecuritesociale numerofiscal
datenaissance datedenaissance permisdeconduire numerocompte numerodecompte`),
  // Spanish
  ...set(`
contrasena contrasenia clavesecreta claveprivada claveacceso clavedeacceso claveapi secreto credencial codigoseguridad
codigodeseguridad codigoverificacion codigodeverificacion codigoacceso codigodeacceso respuestasecreta respuestadeseguridad
respuestaseguridad pasaporte numerotarjeta numerodetarjeta tarjetacredito tarjetadecredito fechanacimiento fechadenacimiento
numerocuenta numerodecuenta segurosocial seguridadsocial licenciaconducir permisodeconducir`),
  // Italian
  ...set(`
parolachiave parolaordine parolasegreta chiaveprivata chiavesegreta chiaveapi chiaveaccesso chiavediaccesso segreto credenziali
codicesegreto codicesicurezza codicedisicurezza codiceverifica codicediverifica codiceaccesso codicediaccesso rispostasegreta
passaporto numerocarta cartacredito cartadicredito codicefiscale datanascita datadinascita datiaccesso datidiaccesso
numeroconto`),
  // Portuguese
  ...set(`
palavrapasse chaveprivada chavesecreta chaveapi chaveacesso chavedeacesso segredo credenciais codigoseguranca
codigodeseguranca codigoverificacao codigodeverificacao codigoacesso codigodeacesso respostasecreta passaporte numerocartao
numerodocartao cartaocredito cartaodecredito datanascimento datadenascimento numeroconta segurancasocial`),
  // Dutch
  ...set(`
wachtwoord wachtzin apisleutel privesleutel geheimesleutel toegangscode toegangssleutel toegangstoken beveiligingscode
verificatiecode inloggegevens paspoort rijbewijs geboortedatum burgerservicenummer kaartnummer rekeningnummer`),
  // Polish, Czech, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian, Turkish, Indonesian, Vietnamese
  ...set(`
kluczapi kluczprywatny kodweryfikacyjny dataurodzenia losenord passord adgangskode kodeord hemlighet hemmelighed personnummer
fodelsedatum salasana jelszo matkhau katasandi parolaacces dogumtarihi`),
  // In other scripts
  ...set(`
пароль секрет токен ключдоступа паспорт датарождения κωδικος συνθηματικο
密码 密碼 口令 令牌 密钥 密鑰 验证码 驗證碼 身份证 身份證 护照 護照 パスワード 暗証番号 秘密鍵 秘密 認証コード 비밀번호 암호 비밀키 인증번호
پاسورڈ पासवर्ड סיסמה`),
];

/** As a word of the name, the name split at case changes and at anything but letters and digits; a number behind it is no matter. */
export const WORDS = set(`
token pw pwd pwds psw pswd pword passw passwd pass secret ssn sin cvv cvc csc pin otp totp mfa tfa jwt jws jwe sid sig signature hmac csrf xsrf
mnemonic iban dob cookie cookies credentials creds apikey authcode oauth assertion nino itin jsessionid phpsessid sessid xfcc
dpop bearer psk cvn cav pesel bsn cpf curp dni nif aadhaar steuerid
kennung mdp jeton clave senha gettone haslo heslo sifre parola geheim sekret segreto secreto segredo losen hemlig hemmelig sandi tan`);

/** At the end of a word of the name: `apitoken`, `dbpwd`. */
export const ENDINGS = ['token', 'pwd', 'passwd', 'userpass', 'dbpass', 'mypass', 'smtppass', 'sessid', 'cookie'];

/** The whole name. */
export const WHOLE = set(`
auth tokens keys cookie setcookie cookie2 setcookie2 pan cc card cardno ccnum session aspnetsessionid xauth licence
xsession sess authdata authinfo authvalue tin ein`);

/** With one of these a token is not a secret: `token_type`, `tokenCount`. */
export const HARMLESS_BESIDE_TOKEN = set(`
type count counts limit limits usage max total expires expiry expiration expiresin endpoint url uri length budget method`);

/** Names whose value is a secret if it looks like one: in answers they are mostly something else. */
export const GUARDED = set('code key keys auth access creds ticket nonce state license seed salt');

/** Members, attributes and elements that say of which thing another one is the value; letters alone, lower case. */
export const NAMING = set(`
name key field id n k header headername param parameter paramname parametername attribute attributename attr property
propertyname prop label variable variablename var varname envvar fieldname keyname path pointer type kind inputtype setting
option column title question httpequiv itemprop autocomplete for entry`);
/** Those that hold the value. */
export const VALUES = set(`
value v val values content data defaultvalue stringvalue headervalue paramvalue parametervalue fieldvalue attributevalue
propertyvalue keyvalue secretvalue answer text default current newvalue oldvalue`);
