// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { useState } from 'preact/hooks';

const cars = ['Roadster', 'Estate', 'Coupé'];

function Storefront() {
  const [basket, setBasket] = useState([]);
  return (
    <main>
      <h1>Cars, phones and computers</h1>
      <ul>{cars.map((car) => <li onClick={() => setBasket([...basket, car])}>{car}</li>)}</ul>
      <footer>{basket.length} in your basket – {VERSION}</footer>
    </main>
  );
}

render(<Storefront />, document.getElementById('app'));
