# unit/frontend
