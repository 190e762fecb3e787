// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {VklToken} from "vklad/VklToken.sol";

import {Symbolic} from "./Symbolic.sol";

contract TokenProof is Symbolic {
    address private constant ONE = address(0x1111);
    address private constant OTHER = address(0x2222);
    address private constant DELEGATE = address(0x3333);

    VklToken private token;

    function setUp() public {
        token = new VklToken(address(this));
    }

    /// @dev Nobody but the bridge changes the supply, whatever is called with whatever.
    function check_OnlyTheBridgeMintsAndBurns() public {
        token.crosschainMint(ONE, 1000);
        (address caller,) = _callAnything(address(token), "VklToken");
        vm.assume(caller != address(this));
        assert(token.totalSupply() == 1000);
    }

    /// @dev Votes are neither made nor lost by a transfer, and are those of the balances.
    function check_ATransferConservesVotes(uint128 first, uint128 second, uint128 amount, bool shared) public {
        token.crosschainMint(ONE, first);
        token.crosschainMint(OTHER, second);
        vm.prank(ONE);
        token.delegate(DELEGATE);
        vm.prank(OTHER);
        token.delegate(shared ? DELEGATE : OTHER);
        vm.prank(ONE);
        (bool done,) = address(token).call(abi.encodeCall(token.transfer, (OTHER, amount)));
        assert(done == (amount <= first));
        uint256 votes = token.getVotes(DELEGATE) + token.getVotes(OTHER);
        assert(votes == uint256(first) + second);
        assert(votes == token.totalSupply());
        if (!shared) assert(token.getVotes(OTHER) == token.balanceOf(OTHER));
    }

    /// @dev A batch of two records credits them and nothing else, and says their sum.
    function check_ABatchCreditsItsRecords(uint48 first, uint48 second) public {
        vm.assume(first != 0 && second != 0);
        uint256 points = token.mintBatch(abi.encodePacked(ONE, first, OTHER, second));
        assert(points == uint256(first) + second);
        assert(token.balanceOf(ONE) == uint256(first) * 1e18);
        assert(token.balanceOf(OTHER) == uint256(second) * 1e18);
        assert(token.totalSupply() == points * 1e18);
    }

    /// @dev What is burned is gone from the holder and from the supply.
    function check_ABurnConserves(uint64 held, uint64 burned) public {
        token.crosschainMint(ONE, held);
        (bool done,) = address(token).call(abi.encodeCall(token.crosschainBurn, (ONE, burned)));
        assert(done == (burned <= held));
        if (done) assert(token.balanceOf(ONE) == uint256(held) - burned);
        assert(token.totalSupply() == token.balanceOf(ONE));
    }
}
