// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title The peer of `gas_per_member`: OpenZeppelin's votes token, minting in a plain loop.
contract OzMintLoop is ERC20Votes {
    constructor() ERC20("Peer", "PEER") EIP712("Peer", "1") {
        _mint(address(0xdead), 1);
    }

    function mintMany(address[] calldata recipients, uint256[] calldata amounts) external {
        for (uint256 i = 0; i < recipients.length; ++i) {
            _mint(recipients[i], amounts[i]);
        }
    }
}
