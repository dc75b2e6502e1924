// SPDX-License-Identifier: Apache-2.0
import { createRoot } from 'react-dom/client';
import { BrowserRouter, Link, Route, Routes } from 'react-router-dom';
import { Add, Delete, Search, ShoppingCart } from '@mui/icons-material';
import { Alert, AppBar, Autocomplete, Button, Card, Dialog, Grid, List, ListItem, Menu, Snackbar, Table, Tabs, TextField, Toolbar, Typography } from '@mui/material';

const parts = [Alert, Autocomplete, Card, Dialog, Grid, Menu, Snackbar, Table, Tabs];

function Basket() {
  return (
    <List>
      <ListItem><Search /><TextField label="find" /><Button><Add />in your basket</Button><Delete /></ListItem>
      <ListItem>{parts.length} parts, {VERSION}</ListItem>
    </List>
  );
}

createRoot(document.getElementById('app')).render(
  <BrowserRouter>
    <AppBar><Toolbar><ShoppingCart /><Typography>CarphaCom</Typography><Link to="/basket">basket</Link></Toolbar></AppBar>
    <Routes><Route path="*" element={<Basket />} /></Routes>
  </BrowserRouter>,
);
