# unit/translate
